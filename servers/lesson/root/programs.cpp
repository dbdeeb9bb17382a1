// Who may do what: the whole system on one page. Priorities: the root runs at 255, so it can always
// stop everybody; drivers are above their clients; what may misbehave is at the bottom. The
// drivers' lines say the same as their driver.toml.
#include "programs.hpp"

#include "protocol/lesson.hpp"
#include "protocol/serial.hpp"

namespace root {

namespace {

constexpr u64 pong_badge = 77; // any number would do: pong shows that it cannot be forged

constexpr Grant uart16550_grants[] = {
    {"wake", Power::wait, Shared::uart_wake},
    {"irq", Power::use, Shared::uart_irq},
    {"irq.signal", Power::signal, Shared::uart_wake, serial::irq_event},
    {"ports", Power::use, Shared::uart_ports},
    {"ports.first", Power::number, Shared::none, 0x3f8},
    {"receive", Power::map, Shared::receive_ring},
    {"transmit", Power::map, Shared::transmit_ring},
    {"client", Power::signal, Shared::echo_wake, lesson::uart_event},
};
constexpr Grant echo_grants[] = {
    {"wake", Power::wait, Shared::echo_wake},
    {"root", Power::call_root},
    {"uart.wake", Power::signal, Shared::uart_wake, serial::transmit_event},
    {"receive", Power::map, Shared::receive_ring},
    {"transmit", Power::map, Shared::transmit_ring},
    {"root.text", Power::map, Shared::root_text_ring},
};
constexpr Grant pit8254_grants[] = {
    {"wake", Power::wait, Shared::clock_wake},
    {"irq", Power::use, Shared::clock_irq},
    {"irq.signal", Power::signal, Shared::clock_wake, 1},
    {"ports", Power::use, Shared::clock_ports},
    {"client", Power::signal, Shared::ping_wake, lesson::clock_event},
};
constexpr Grant pong_grants[] = {
    {"pong", Power::wait, Shared::pong_endpoint},
    {"reply", Power::reply},
};
constexpr Grant ping_grants[] = {
    {"wake", Power::wait, Shared::ping_wake},
    {"root", Power::call_root},
    {"pong", Power::call, Shared::pong_endpoint, pong_badge},
    {"pong.badge", Power::number, Shared::none, pong_badge},
};
constexpr Grant crasher_grants[] = {
    {"root", Power::call_root},
};

constexpr Definition table[] = {
    //  id          name         group             always prio budget us, period us, grants
    {Id::uart16550, "uart16550", Group::uart16550, true, 200, 5000, 10000, uart16550_grants},
    {Id::echo, "echo", Group::echo, true, 150, 5000, 10000, echo_grants},
    {Id::pit8254, "pit8254", Group::pit8254, true, 190, 1000, 10000, pit8254_grants},
    {Id::pong, "pong", Group::ping_pong, true, 100, 10000, 10000, pong_grants},
    {Id::ping, "ping", Group::ping_pong, true, 100, 10000, 10000, ping_grants},
    {Id::crasher, "crasher", Group::crasher, false, 50, 5000, 50000, crasher_grants},
};
static_assert(sizeof table / sizeof table[0] == program_count);

constexpr bool in_order()
{
    for (usize i = 0; i < program_count; ++i)
        if (static_cast<usize>(table[i].id) != i) return false;
    return true;
}
static_assert(in_order(), "an Id is the index into the table");

} // namespace

std::span<Definition const> definitions()
{
    return table;
}

} // namespace root
