// SHA-256 against the examples of FIPS 180-4's test vectors, whole and in pieces.
#include "kit/sha256.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

std::string hex(kit::Sha256::Digest const& digest)
{
    std::string out;
    for (u8 const byte : digest) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

std::span<u8 const> view(std::string const& s)
{
    return {reinterpret_cast<u8 const*>(s.data()), s.size()};
}

} // namespace

TEST_CASE("known messages have their known digests", "[sha256]")
{
    CHECK(hex(kit::Sha256::of({})) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex(kit::Sha256::of(view("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(kit::Sha256::of(view("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hex(kit::Sha256::of(view(std::string(1'000'000, 'a')))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("the digest does not depend on how the message is cut", "[sha256]")
{
    std::string message;
    for (int i = 0; i < 200; ++i) message += static_cast<char>(i * 7);
    for (usize size = 0; size <= message.size(); ++size) {
        auto const whole = std::string{message, 0, size};
        auto const expected = kit::Sha256::of(view(whole));
        kit::Sha256 pieces;
        for (usize at = 0; at < size; at += 13)
            pieces.update(view(whole).subspan(at, std::min<usize>(13, size - at)));
        CHECK(pieces.finish() == expected);
    }
}
