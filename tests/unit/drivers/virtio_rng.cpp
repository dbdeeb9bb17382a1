// The entropy device's driver: every byte once, in order, however the device portions them, and
// nothing more from the device while the ring is full.
#include "drivers/entropy/virtio-rng/device.hpp"
#include "tests/fakes/virtio_device.hpp"

#include <catch2/catch.hpp>
#include <memory>

namespace {

constexpr u64 physical = 0x7000'0000;
using Device = virtio_rng::Device<fake::FakeRegisters>;

struct Rig {
    fake::VirtioDevice model;
    virtio_rng::Memory memory{};
    entropy::RandomShared shared{};
    Device device;
    queue::Sender<Device::Ring> ring{&shared.bytes};
    queue::Receiver<Device::Ring> client{&shared.bytes};
    u8 given = 0, expected = 0;
    u32 portion = 512;

    Rig()
    {
        model.lend(&memory, physical, sizeof memory);
        model.handle = [this](u16, std::vector<fake::Segment>& segments) {
            REQUIRE(segments.size() == 1);
            REQUIRE(segments[0].bytes == 512);
            for (u32 i = 0; i < portion; ++i) {
                REQUIRE(segments[0].data[i] == 0); // what was there is erased
                segments[0].data[i] = ++given;
            }
            return portion;
        };
        REQUIRE(device.start(model.places(),
                             {reinterpret_cast<u8*>(&memory), physical, sizeof memory}));
    }
    u32 take(u32 most)
    {
        entropy::RawBytes raw;
        u32 count = 0;
        for (; count < most && client.pop(raw); ++count)
            for (u8 const byte : raw.data) REQUIRE(byte == ++expected);
        return count;
    }
};

} // namespace

TEST_CASE("all bytes come once and in order", "[virtio-rng]")
{
    Rig rig;
    rig.portion = GENERATE(1u, 31u, 32u, 100u, 511u, 512u);
    u32 records = 0;
    for (u32 i = 0; i < 2000; ++i) {
        REQUIRE(rig.device.run(rig.ring));
        rig.model.process(0);
        records += rig.take(i % 5);
    }
    CHECK(records >= 2000 * rig.portion / 32 / 16);
}

TEST_CASE("with a full ring the device rests until there is room", "[virtio-rng]")
{
    Rig rig;
    for (int i = 0; i < 10; ++i) {
        REQUIRE(rig.device.run(rig.ring));
        rig.model.process(0);
    }
    CHECK(rig.client.size() == 16);
    u32 const rung = rig.model.doorbells;
    REQUIRE(rig.device.run(rig.ring));
    CHECK(rig.model.doorbells == rung);
    CHECK(rig.take(1) == 1);
    CHECK(rig.client.must_signal());
    REQUIRE(rig.device.run(rig.ring));
    CHECK((rig.client.size() == 16 || rig.model.doorbells > rung));
}

TEST_CASE("a device that says it gave more than there is room for", "[virtio-rng]")
{
    Rig rig;
    REQUIRE(rig.device.run(rig.ring));
    rig.model.complete(0, GENERATE(0u, 1u, 8u), 513);
    CHECK(rig.device.run(rig.ring).error() == Error::corrupt);
}
