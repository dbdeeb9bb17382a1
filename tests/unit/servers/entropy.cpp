// The generator against RFC 8439, and sources that are good, stuck, biased or absent.
#include "servers/entropy/sources.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

using namespace entropy;

namespace {

std::string hex(std::span<u8 const> bytes)
{
    std::string text;
    for (u8 const byte : bytes)
        for (int shift : {4, 0}) text += "0123456789abcdef"[byte >> shift & 15];
    return text;
}

std::string block(kit::ChaCha20::Key const& key, kit::ChaCha20::Nonce const& nonce, u32 counter)
{
    u8 out[64];
    kit::ChaCha20::block(key, nonce, counter, out);
    return hex(out);
}

/// Good enough to pass health tests.
struct Noise {
    u64 state = 1;
    u64 operator()()
    {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        return state * 0x2545'f491'4f6c'dd1d;
    }
};

} // namespace

TEST_CASE("ChaCha20 blocks of RFC 8439", "[entropy]")
{
    CHECK(block({}, {}, 0) == "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                              "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    CHECK(block({}, {}, 1) == "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                              "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
    kit::ChaCha20::Key key;
    for (u8 i = 0; i < 32; ++i) key[i] = i;
    CHECK(block(key, {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0}, 1) ==
          "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
          "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
}

TEST_CASE("nothing comes out before 256 credited bits went in", "[entropy]")
{
    Generator generator;
    u8 out[8] = {}, sample[32] = {1, 2, 3};
    CHECK(generator.generate(out).error() == Error::interrupted);
    generator.mix(sample, 255);
    CHECK_FALSE(generator.reseed());
    CHECK(generator.generate(out).error() == Error::interrupted);
    generator.mix(sample, 0);
    CHECK_FALSE(generator.reseed());
    generator.mix(sample, 1);
    CHECK(generator.reseed());
    CHECK(generator.generate(out));
    CHECK_FALSE(generator.reseed()); // the pool is empty again
}

TEST_CASE("the key is gone before its stream is used, and a seed changes it", "[entropy]")
{
    // What the first request gives is the stream of the seed's key behind its first 32 bytes.
    u8 const sample[32] = {7};
    Generator generator;
    generator.mix(sample, 256);
    REQUIRE(generator.reseed());
    kit::Sha256 hash;
    hash.update(sample);
    hash.update(kit::ChaCha20::Key{});
    auto key = hash.finish();
    for (usize const length : {1u, 31u, 32u, 33u, 96u, 97u, 256u}) {
        std::vector<u8> expected(64 * 5), out(length);
        for (u32 i = 0; i < 5; ++i)
            kit::ChaCha20::block(key, {}, i, std::span{expected}.subspan(64 * i).first<64>());
        REQUIRE(generator.generate(out));
        CHECK(hex(out) == hex(std::span{expected}.subspan(32, length)));
        std::memcpy(key.data(), expected.data(), 32);
    }
    Generator other = generator;
    other.mix(sample, 256);
    REQUIRE(other.reseed());
    u8 a[32], b[32];
    REQUIRE(generator.generate(a));
    REQUIRE(other.generate(b));
    CHECK(hex(a) != hex(b));
}

TEST_CASE("health tests: good noise passes, stuck and biased sources fail for ever", "[entropy]")
{
    Noise noise;
    Health health{full_bytes};
    for (int i = 0; i < 1023; ++i) health.sample(noise() & 0xff);
    CHECK_FALSE(health.good()); // not yet
    for (int i = 0; i < 1'000'000; ++i) health.sample(noise() & 0xff);
    CHECK(health.good());
    SECTION("stuck")
    {
        for (u32 i = 0; i < full_bytes.repetitions - 1; ++i) health.sample(0x100);
        CHECK(health.good());
        health.sample(0x100);
        CHECK(health.failed());
    }
    SECTION("biased: one in eight is the same, never many in a row")
    {
        for (int i = 0; i < 100'000; ++i)
            health.sample((noise() >> 20) % 8 == 0 ? 0x100 : noise() & 0xff);
        CHECK(health.failed());
    }
    if (!health.failed()) return;
    for (int i = 0; i < 10'000; ++i) health.sample(noise() & 0xff);
    CHECK_FALSE(health.good());
}

TEST_CASE("a CPU's generator counts after its start-up test; a broken one never", "[entropy]")
{
    Generator generator;
    Noise noise;
    CpuSource source{64};
    SECTION("sound, but it fails to answer now and then")
    {
        int calls = 0;
        source.collect(generator, [&](u64& value) { return value = noise(), ++calls % 5 != 0; });
        CHECK(source.good());
        CHECK(generator.credit() == 256);
        CHECK(source.credited() == 32);
    }
    SECTION("always the same, as some CPUs after a sleep")
    {
        source.collect(generator, [](u64& value) { return value = ~u64{0}, true; });
        CHECK(generator.credit() == 0);
    }
    SECTION("never an answer")
    {
        source.collect(generator, [](u64&) { return false; });
        CHECK(generator.credit() == 0);
    }
}

TEST_CASE("a device counts by half; one that sends zeros does not", "[entropy]")
{
    Generator generator;
    Noise noise;
    DeviceSource source;
    RawBytes raw{};
    bool const zeros = GENERATE(false, true);
    for (int i = 0; i < 34; ++i) {
        if (!zeros)
            for (u8& byte : raw.data) byte = static_cast<u8>(noise() >> 32);
        source.add(generator, raw);
    }
    CHECK(generator.credit() == (zeros ? 0 : 256));
    CHECK(source.credited() == (zeros ? 0 : 3 * 16));
}

TEST_CASE("jitter: a clock that counts instructions is worth nothing", "[entropy]")
{
    Generator generator;
    JitterSource source;
    u64 now = 0;
    SECTION("even steps")
    {
        source.collect(generator, 20'000, [&] { return now += 300; });
        CHECK(source.credited() == 0);
    }
    SECTION("steps that grow evenly")
    {
        u64 step = 0;
        source.collect(generator, 20'000, [&] { return now += ++step; });
        CHECK(source.credited() == 0);
    }
    SECTION("a real clock: a sixteenth of a bit each, after the start-up test")
    {
        Noise noise;
        source.collect(generator, 1024 + 16 * 300, [&] { return now += 300 + noise() % 64; });
        CHECK(source.credited() >= 35);
        CHECK(source.credited() <= 37);
        CHECK(generator.reseed());
    }
}

TEST_CASE("this machine's own CPU", "[entropy]")
{
    auto const cpu = Cpu::detect();
    u64 value = 0;
    std::set<u64> seen;
    for (int i = 0; i < 100; ++i) {
        if (cpu.has_rdrand && Cpu::rdrand(value)) seen.insert(value);
        if (cpu.has_rdseed && Cpu::rdseed(value)) seen.insert(value);
    }
    if (cpu.has_rdrand) CHECK(seen.size() >= 100);
}
