// See power.hpp.
#include "power.hpp"

namespace device_manager {

namespace {

constexpr u16 sleep_enable = 1 << 13, acpi_enabled = 1;
constexpr unsigned sleep_type_shift = 10;
/// Reads of a register before a change is given up on: firmware needs milliseconds.
constexpr int patience = 100'000;
constexpr u16 exit_port = 0xf4, reset_control = 0xcf9, keyboard = 0x64;

std::optional<acpi::Fadt> fadt_of(Machine& machine)
{
    return acpi::parse_fadt(machine.table("FACP"));
}

/// The firmware still has the power registers: it hands them over by a system management interrupt.
void take_over(acpi::Fadt const& fadt, Ports& ports, sys::IoPort pm1a)
{
    auto const state = pm1a.in16(fadt.pm1a_control);
    if (!state || (*state & acpi_enabled) || fadt.smi_command == 0 || fadt.acpi_enable == 0) return;
    sys::IoPort const smi = ports.own(fadt.smi_command, fadt.smi_command);
    (void)smi.out8(fadt.smi_command, fadt.acpi_enable);
    for (int i = 0; i < patience; ++i) {
        auto const now = pm1a.in16(fadt.pm1a_control);
        if (!now || (*now & acpi_enabled)) return;
    }
}

void sleep(u16 control, u8 type, Ports& ports)
{
    if (control == 0) return;
    sys::IoPort const pm1 = ports.own(control, static_cast<u16>(control + 1));
    (void)pm1.out16(control, static_cast<u16>(type << sleep_type_shift | sleep_enable));
}

/// The power goes a little after the write that asks for it: until then nothing else is tried.
void wait_for_dark(sys::IoPort pm1, u16 control)
{
    for (int i = 0; i < patience; ++i)
        if (!pm1.in16(control)) return;
}

void switch_off_by_acpi(Machine& machine, Ports& ports)
{
    auto const fadt = fadt_of(machine);
    if (!fadt) return;
    auto const type = acpi::find_s5(machine.table_at(fadt->dsdt, "DSDT"));
    if (!type) return;
    u16 const control = fadt->pm1a_control;
    sys::IoPort const pm1a = ports.own(control, static_cast<u16>(control + 1));
    take_over(*fadt, ports, pm1a);
    sleep(fadt->pm1b_control, *type, ports);
    sleep(control, *type, ports);
    wait_for_dark(pm1a, control);
}

} // namespace

void switch_off(Machine& machine, Ports& ports)
{
    switch_off_by_acpi(machine, ports);
    // A machine without ACPI tables: what emulators offer. QEMU's isa-debug-exit device takes a
    // value that means success to scripts/run;
    (void)ports.own(exit_port, exit_port + 3).out32(exit_port, 0x10);
    // Bochs stops at this instruction, which has no effect anywhere else.
    asm volatile("xchg %bx, %bx");
}

void reboot(Machine& machine, Ports& ports)
{
    if (auto const fadt = fadt_of(machine); fadt && fadt->reset_port != 0)
        (void)ports.own(fadt->reset_port, fadt->reset_port)
            .out8(fadt->reset_port, fadt->reset_value);
    // The chipset's reset control register: choose a full reset, then do it.
    sys::IoPort const control = ports.own(reset_control, reset_control);
    (void)control.out8(reset_control, 0x02);
    (void)control.out8(reset_control, 0x06);
    // Older: the keyboard controller has a line to the CPU's reset pin.
    (void)ports.own(keyboard, keyboard).out8(keyboard, 0xfe);
}

} // namespace device_manager
