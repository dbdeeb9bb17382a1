// What a driver finds of its device, over a recording fake of the kernel.
#include "driver/device.hpp"

#include "abi/labels.hpp"
#include "sys/syscall.hpp"
#include <catch2/catch.hpp>
#include <memory>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

namespace {

/// A program's arguments and the pages they name.
struct Fixture {
    std::unique_ptr<runtime::Arguments> arguments = std::make_unique<runtime::Arguments>();
    program::StatusPage status{};
    abi::IpcBuffer buffer{};

    Fixture()
    {
        sys::fake_kernel = {};
        __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer);
        add("status", reinterpret_cast<u64>(&status));
    }
    void add(char const* name, u64 value) { REQUIRE(arguments->add(name, value)); }
    program::Program self() { return program::Program{arguments.get()}; }
};

u64 label_of(sys::FakeCall const& call)
{
    return abi::MessageInfo{call.in.info}.label();
}

} // namespace

TEST_CASE("an interrupt handler is given our signal and acknowledged by the kernel", "[driver]")
{
    Fixture fixture;
    fixture.add("irq0", 20);
    fixture.add("irq0.kind", device::irq_handler);
    fixture.add("irq0.bit", 4);
    fixture.add("irq0.signal", 21);
    auto const self = fixture.self();
    auto const line = driver::Device{self}.irq("irq0");
    CHECK(line);
    CHECK(line.among(6));
    CHECK_FALSE(line.among(3));
    auto const& calls = sys::fake_kernel.calls;
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].in.cap_or_badge == 20);
    CHECK(label_of(calls[0]) == static_cast<u64>(abi::Label::irq_set_irq_handler));
    CHECK(fixture.buffer.caps_or_badges[0] == 21);
    CHECK(calls[1].in.cap_or_badge == 20);
    CHECK(label_of(calls[1]) == static_cast<u64>(abi::Label::irq_ack_irq));
    CHECK(fixture.status.served[2] == 0); // nothing has come yet
    CHECK(line.acknowledge());
    CHECK(line.acknowledge());
    CHECK(fixture.status.served[2] == 2);
    CHECK(fixture.status.served[1] == 0);
}

TEST_CASE("a shared line is acknowledged at the device-manager", "[driver]")
{
    Fixture fixture;
    fixture.add("irq0", 3); // its number there
    fixture.add("irq0.kind", device::irq_shared);
    fixture.add("irq0.bit", 1);
    fixture.add("device", 30);
    auto const self = fixture.self();
    auto const line = driver::Device{self}.irq("irq0");
    REQUIRE(sys::fake_kernel.calls.size() == 1); // nothing to set: only what was left is served
    CHECK(line.acknowledge());
    auto const& call = sys::fake_kernel.calls[1];
    CHECK(call.in.cap_or_badge == 30);
    CHECK(label_of(call) == device::Device::label<device::Acknowledge>());
    CHECK(call.in.mr[0] == 3);
}

TEST_CASE("an interrupt that the kernel or the device-manager refuses is an error", "[driver]")
{
    Fixture fixture;
    fixture.add("irq0", 20);
    fixture.add("irq0.kind", device::irq_handler);
    auto const self = fixture.self();
    driver::IrqLine const line{self, "irq0"};
    sys::fake_kernel.answer = [](sys::FakeCall const&, sys::Registers& io) {
        io.info =
            abi::MessageInfo(static_cast<u64>(abi::ErrorCode::invalid_capability), 0, 0, 0).word();
    };
    CHECK(line.listen().error() == Error::absent);
    CHECK(line.acknowledge().error() == Error::absent);
    CHECK_FALSE(driver::IrqLine{self, "other"});
    CHECK(driver::IrqLine{self, "other"}.listen().error() == Error::absent);
}

TEST_CASE("a need that was not given ends the program and says so", "[driver]")
{
    Fixture fixture;
    fixture.add("ports0", 0x3f8);
    auto const self = fixture.self();
    driver::Device const device{self};
    CHECK_THROWS_AS(device.ports("ports0"), runtime::Ended); // no capability
    CHECK_THROWS_AS(device.region("bar0"), runtime::Ended);
    CHECK_THROWS_AS(device.irq("irq0"), runtime::Ended);
    CHECK(fixture.status.failed == driver::not_given);
}

TEST_CASE("ports are reached relative to the first, and a refusal ends the program", "[driver]")
{
    Fixture fixture;
    fixture.add("ports0", 0x3f8);
    fixture.add("ports0.slot", 9);
    auto const self = fixture.self();
    auto const ports = driver::Device{self}.ports("ports0");
    sys::fake_kernel.answer = [](sys::FakeCall const&, sys::Registers& io) { io.mr[0] = 0x61; };
    CHECK(ports.in8(5) == 0x61);
    CHECK(sys::fake_kernel.calls.back().in.cap_or_badge == 9);
    CHECK(sys::fake_kernel.calls.back().in.mr[0] == 0x3fd);
    ports.out8(1, 7);
    CHECK(sys::fake_kernel.calls.back().in.mr[0] == 0x3f9);
    CHECK(sys::fake_kernel.calls.back().in.mr[1] == 7);
    sys::fake_kernel.answer = [](sys::FakeCall const&, sys::Registers& io) {
        io.info =
            abi::MessageInfo(static_cast<u64>(abi::ErrorCode::illegal_operation), 0, 0, 0).word();
    };
    CHECK_THROWS_AS(ports.in8(5), runtime::Ended);
    CHECK_THROWS_AS(ports.out8(5, 0), runtime::Ended);
}

TEST_CASE("pieces of DMA memory are aligned for the device and never leave the buffer", "[driver]")
{
    alignas(4096) static u8 memory[8192];
    Fixture fixture;
    fixture.add("dma", reinterpret_cast<u64>(memory));
    fixture.add("dma.size", sizeof memory);
    fixture.add("dma.physical", 0x1000'0000);
    auto const self = fixture.self();
    auto buffer = driver::Device{self}.dma("dma");
    auto first = buffer.take(10, 16);
    REQUIRE(first);
    CHECK(first->physical() == 0x1000'0000);
    CHECK(first->bytes().data() == memory);
    auto second = buffer.take(4096, 4096);
    REQUIRE(second);
    CHECK(second->physical() == 0x1000'1000);
    CHECK(second->bytes().data() == memory + 4096);
    CHECK(second->array<u64>().size() == 512);
    CHECK(buffer.size() == 0);
    CHECK(buffer.take(1, 1).error() == Error::no_memory);
    CHECK(driver::DmaBuffer(memory, 1, 100).take(0, 4096).error() == Error::no_memory);
    CHECK(driver::DmaBuffer(memory, 0, 100).take(~u64{0}, 1).error() == Error::no_memory);
}

TEST_CASE("registers outside a mapping are refused", "[driver]")
{
    u8 memory[64];
    driver::Region const region{memory, sizeof memory};
    CHECK(region.at(0, 64));
    CHECK(region.at(64, 0));
    CHECK(region.at(1, 64).error() == Error::out_of_range);
    CHECK(region.at(65, 0).error() == Error::out_of_range);
    CHECK(region.at(8, ~u64{0} - 4).error() == Error::out_of_range);
}
