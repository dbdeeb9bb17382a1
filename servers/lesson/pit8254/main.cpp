// The clock of the lesson: makes the PC's interval timer interrupt periodically and signals one
// client for every tick. Every emulator and PC has this timer; it needs four ports and one
// interrupt. [Intel 8254 data sheet, "Mode 2: Rate Generator"]
#include "runtime/arguments.hpp"
#include "runtime/runtime.hpp"
#include "sys/io_port.hpp"
#include "sys/irq.hpp"

namespace {

constexpr u16 channel_0 = 0x40, control = 0x43;
constexpr u8 rate_generator_both_bytes = 0x34; // channel 0, low then high byte, mode 2
constexpr u32 input_hz = 1'193'182;
constexpr u32 ticks_per_second = 20;
constexpr u32 divisor = input_hz / ticks_per_second;
static_assert(divisor <= 0xffff);

bool start(sys::IoPort ports)
{
    return ports.out8(control, rate_generator_both_bytes) &&
           ports.out8(channel_0, divisor & 0xff) && ports.out8(channel_0, divisor >> 8);
}

} // namespace

int main(void* argument)
{
    auto const& arguments = *static_cast<runtime::Arguments const*>(argument);
    sys::Notification const wake{arguments.value("wake")};
    sys::Notification const client{arguments.value("client")};
    sys::IrqHandler const irq{arguments.value("irq")};

    if (!irq.set_notification(sys::Notification{arguments.value("irq.signal")})) return 1;
    if (!start(sys::IoPort{arguments.value("ports")})) return 1;
    // Acknowledging unmasks the line; a tick that came before is not made up for.
    while (irq.ack()) {
        wake.wait();
        client.signal();
    }
    return 1;
}
