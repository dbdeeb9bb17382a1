// The serial line by I/O ports: see port_console.hpp. [16550D data sheet, "Line Status Register"]
#include "port_console.hpp"

#include "print.hpp"

namespace bench {

namespace {

constexpr seL4_Word com1 = 0x3f8, line_status = com1 + 5, exit_port = 0xf4, exit_success = 0x10;
constexpr int room_to_send = 0x20, all_sent = 0x40;

constinit seL4_CPtr serial_ports = 0, exit_ports = 0;

void wait_for(int condition)
{
    for (;;) {
        seL4_X86_IOPort_In8_t const status = seL4_X86_IOPort_In8(serial_ports, line_status);
        if (status.error != seL4_NoError || (status.result & condition) != 0) return;
    }
}

void issue(seL4_Word first, seL4_Word last, seL4_CPtr slot)
{
    // Without its ports the program is mute and runs into the emulator's timeout.
    seL4_X86_IOPortControl_Issue(seL4_CapIOPortControl, first, last, seL4_CapInitThreadCNode, slot,
                                 seL4_WordBits);
}

} // namespace

void open_console(seL4_BootInfo const& info)
{
    serial_ports = info.empty.end - 1;
    exit_ports = info.empty.end - 2;
    issue(com1, com1 + 7, serial_ports);
    issue(exit_port, exit_port + 3, exit_ports);
}

} // namespace bench

namespace kt {

void put_char(char character)
{
    bench::wait_for(bench::room_to_send);
    seL4_X86_IOPort_Out8(bench::serial_ports, bench::com1, static_cast<Word>(character));
}

void end_machine()
{
    bench::wait_for(bench::all_sent);
    seL4_X86_IOPort_Out32(bench::exit_ports, bench::exit_port, bench::exit_success);
}

} // namespace kt
