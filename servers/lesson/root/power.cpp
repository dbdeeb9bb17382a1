// See power.hpp.
#include "power.hpp"

#include "acpi/fadt.hpp"

namespace root {

namespace {

constexpr u16 sleep_enable = 1 << 13, acpi_enabled = 1;
constexpr unsigned sleep_type_shift = 10;
/// Reads of a register before a change is given up on: firmware needs milliseconds.
constexpr int patience = 100'000;

} // namespace

/// Null when the kernel refuses: an access through it then fails, and the next means is tried.
sys::IoPort PowerSwitch::ports(u16 first, u16 last)
{
    auto const slot = objects_.take_slots();
    if (!slot) return {};
    auto const issued =
        sys::IoPortControl{abi::slot_io_port_control}.issue(first, last, own_cnode.slot(*slot));
    return issued ? sys::IoPort{*slot} : sys::IoPort{};
}

void PowerSwitch::perform(Deed deed)
{
    deed == Deed::off ? switch_off() : reboot();
}

void PowerSwitch::switch_off()
{
    switch_off_by_acpi();
    // A machine without ACPI tables: what emulators offer. QEMU's isa-debug-exit device takes a
    // value that means success to scripts/run;
    (void)ports(0xf4, 0xf7).out32(0xf4, 0x10);
    // Bochs stops at this instruction, which has no effect anywhere else.
    asm volatile("xchg %bx, %bx");
}

void PowerSwitch::switch_off_by_acpi()
{
    auto const fadt = acpi::parse_fadt(firmware_.table("FACP"));
    if (!fadt) return;
    auto const type = acpi::find_s5(firmware_.table_at(fadt->dsdt, "DSDT"));
    if (!type) return;
    u16 const control = fadt->pm1a_control;
    sys::IoPort const pm1a = ports(control, static_cast<u16>(control + 1));
    auto state = pm1a.in16(control);
    if (!state) return;
    if (!(*state & acpi_enabled) && fadt->smi_command != 0 && fadt->acpi_enable != 0) {
        // The firmware still has the power registers: it hands them over by a system management
        // interrupt.
        sys::IoPort const smi = ports(fadt->smi_command, fadt->smi_command);
        (void)smi.out8(fadt->smi_command, fadt->acpi_enable);
        for (int i = 0; i < patience; ++i) {
            auto const now = pm1a.in16(control);
            if (!now || (*now & acpi_enabled)) break;
        }
    }
    (void)pm1a.out16(control, static_cast<u16>(*type << sleep_type_shift | sleep_enable));
}

void PowerSwitch::reboot()
{
    // The chipset's reset control register: choose a full reset, then do it.
    sys::IoPort const reset_control = ports(0xcf9, 0xcf9);
    (void)reset_control.out8(0xcf9, 0x02);
    (void)reset_control.out8(0xcf9, 0x06);
    // Older: the keyboard controller has a line to the CPU's reset pin.
    (void)ports(0x64, 0x64).out8(0x64, 0xfe);
}

} // namespace root
