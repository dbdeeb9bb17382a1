// The UART's device layer against a fake device.
#include "drivers/serial/uart16550/device.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <vector>

namespace {

using namespace uart16550;

/// The registers of a 16550 as far as the driver uses them.
struct FakeUart {
    std::deque<u8> received;
    std::vector<u8> sent;
    u8 enabled = 0, line_control = 0, modem_control = 0;
    bool fifos = false;
    int fifo_writes = 0;

    u8 in8(u16 offset)
    {
        switch (offset) {
        case ReceiveBuffer::offset: {
            u8 const byte = received.empty() ? u8{0} : received.front();
            if (!received.empty()) received.pop_front();
            return byte;
        }
        case InterruptIdentity::offset:
            return static_cast<u8>((fifos ? 0xc0 : 0) | (pending() ? 4 : 1));
        case LineStatus::offset:
            return static_cast<u8>(0x60 | (received.empty() ? 0 : 1));
        default:
            return 0;
        }
    }
    void out8(u16 offset, u8 value)
    {
        switch (offset) {
        case TransmitHolding::offset:
            sent.push_back(value);
            break;
        case InterruptEnable::offset:
            enabled = value;
            break;
        case FifoControl::offset:
            ++fifo_writes;
            if (!fifos) received.clear(); // as the data sheet says
            fifos = value & 1;
            break;
        case LineControl::offset:
            line_control = value;
            break;
        case ModemControl::offset:
            modem_control = value;
            break;
        default:
            FAIL("a register the driver has no business with: " << offset);
        }
    }
    bool pending() const { return (enabled & 1) && !received.empty(); }
};

struct Ports {
    FakeUart* uart;
    u8 in8(u16 offset) const { return uart->in8(offset); }
    void out8(u16 offset, u8 value) const { uart->out8(offset, value); }
};

} // namespace

TEST_CASE("start keeps what was received while the FIFOs were on", "[uart16550]")
{
    FakeUart uart;
    uart.fifos = true;
    uart.received = {'p', 'i'};
    Device<Ports> device{Ports{&uart}};
    device.start();
    CHECK(uart.fifo_writes == 0);
    REQUIRE(device.has_received());
    CHECK(device.receive() == 'p');
    CHECK(device.receive() == 'i');
    CHECK_FALSE(device.has_received());
}

TEST_CASE("start makes a known state from any other", "[uart16550]")
{
    FakeUart uart;
    uart.enabled = 0xf;
    uart.line_control = 0x1f;
    Device<Ports> device{Ports{&uart}};
    device.start();
    CHECK(uart.fifos);
    CHECK(uart.enabled == 1);
    CHECK(uart.line_control == 3);
    CHECK(uart.modem_control == 0xb);
}

TEST_CASE("only the sources asked for interrupt", "[uart16550]")
{
    FakeUart uart;
    Device<Ports> device{Ports{&uart}};
    device.start();
    CHECK_FALSE(device.interrupts());
    uart.received = {'x'};
    CHECK(device.interrupts());
    device.interrupt_on(false, true);
    CHECK(uart.enabled == 2);
    CHECK_FALSE(device.interrupts());
    device.interrupt_on(true, false);
    CHECK(device.interrupts());
}

TEST_CASE("bytes are sent as they are", "[uart16550]")
{
    FakeUart uart;
    Device<Ports> device{Ports{&uart}};
    device.start();
    REQUIRE(device.can_send());
    for (u8 const byte : {0, 127, 255}) device.send(byte);
    CHECK(uart.sent == std::vector<u8>{0, 127, 255});
    CHECK(device.all_sent());
}
