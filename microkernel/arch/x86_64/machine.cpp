// The machine as arch/arch.hpp shows it outside of threads and interrupts: ports, the serial line,
// and the end of the run.
#include "arch/arch.hpp"

#include "instructions.hpp"
#include "kit/bits.hpp"
#include "serial.hpp"

namespace mk {
namespace {

constexpr u16 com1 = 0x3f8, line_status = com1 + 5;
constexpr u8 room_for_one = 0x20, all_sent = 0x40;

/// A missing UART reads as 0xff, a broken one may never be ready: give up rather than hang.
void wait_for(u8 status)
{
    for (unsigned i = 0; i < 1'000'000; ++i)
        if ((x86::in<u8>(line_status) & status) != 0) return;
}

} // namespace

void init_serial()
{
    constexpr u16 divisor_low = com1, interrupts = com1 + 1, fifo = com1 + 2, line = com1 + 3,
                  modem = com1 + 4;
    constexpr u8 divisor_access = 0x80, eight_bits = 3, fifo_on_and_clear = 7, dtr_rts_out2 = 0xb;
    wait_for(all_sent); // what a loader printed must not be lost in the FIFO
    x86::out<u8>(interrupts, 0);
    x86::out<u8>(line, divisor_access | eight_bits);
    x86::out<u8>(divisor_low, 1); // 115200
    x86::out<u8>(interrupts, 0);  // high half of the divisor
    x86::out<u8>(line, eight_bits);
    x86::out<u8>(fifo, fifo_on_and_clear);
    x86::out<u8>(modem, dtr_rts_out2);
}

namespace arch {

u32 port_in(u16 port, unsigned bytes)
{
    return bytes == 1 ? x86::in<u8>(port) : bytes == 2 ? x86::in<u16>(port) : x86::in<u32>(port);
}

void port_out(u16 port, unsigned bytes, u32 value)
{
    if (bytes == 1)
        x86::out<u8>(port, u8(value));
    else if (bytes == 2)
        x86::out<u16>(port, u16(value));
    else
        x86::out<u32>(port, value);
}

void put_char(char c)
{
    if (c == '\n') put_char('\r');
    wait_for(room_for_one);
    x86::out<u8>(com1, u8(c));
}

void halt(bool success)
{
    wait_for(all_sent); // or the end of the report would be lost
    // QEMU's isa-debug-exit; elsewhere nothing answers at this port.
    constexpr u16 debug_exit = 0xf4;
    x86::out<u8>(debug_exit, success ? 0x10 : 0x11);
    // Bochs: a magic breakpoint hands back to its command file, the shutdown port ends it with an
    // error. Elsewhere the first does nothing and nobody listens at the second.
    if (success) {
        asm volatile("xchg %%bx, %%bx" : : : "memory");
    } else {
        constexpr u16 bochs_shutdown = 0x8900;
        for (char const* t = "Shutdown"; *t != '\0'; ++t) x86::out<u8>(bochs_shutdown, u8(*t));
    }
    for (;;) asm volatile("cli\n\thlt" : : : "memory");
}

} // namespace arch
} // namespace mk
