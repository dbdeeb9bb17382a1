// I/O APICs.
#include "io_apic.hpp"

#include "arch/arch.hpp"
#include "debug/panic.hpp"
#include "kernel_space.hpp"
#include "kit/bits.hpp"
#include "local_apic.hpp"
#include "object/irq_handler.hpp"
#include "platform.hpp"

namespace mk {
namespace {

// Indirect register numbers.
constexpr u32 version_register = 1, redirection_table = 0x10;
// Low half of a redirection entry; delivery mode 0 is "fixed", destination mode 0 "physical".
constexpr u32 masked = u32(bit(16)), level_triggered = u32(bit(15)), low_active = u32(bit(13));

class IoApic {
    u32 volatile* select_ = nullptr;
    u32 volatile* window_ = nullptr;

public:
    constexpr IoApic() = default;
    explicit IoApic(void* base) : select_{static_cast<u32 volatile*>(base)}, window_{select_ + 4} {}
    u32 read(u32 reg) const
    {
        *select_ = reg;
        return *window_;
    }
    void write(u32 reg, u32 value) const
    {
        *select_ = reg;
        *window_ = value;
    }
    unsigned pins() const { return unsigned(field(read(version_register), 23, 16)) + 1; }
    u32 entry(unsigned pin) const { return read(redirection_table + 2 * pin); }
    void set_entry(unsigned pin, u32 low) const { write(redirection_table + 2 * pin, low); }
    void set_destination(unsigned pin, u32 apic_id) const
    {
        write(redirection_table + 2 * pin + 1, apic_id << 24);
    }
};

struct Pin {
    bool used;
    u8 io_apic, pin;
};

constinit IoApic chips[max_io_apics];
constinit Pin pin_of[irq_count]{};

} // namespace

void init_io_apics()
{
    constexpr u64 registers_size = 0x20, uncacheable = 3;
    for (unsigned i = 0; i < platform.io_apic_count; ++i) {
        IoApicInfo& info = platform.io_apic[i];
        if (!is_aligned(info.address, 4)) panic("MADT is corrupt: I/O APIC at ", Hex{info.address});
        chips[i] = IoApic{map_device(info.address, registers_size, uncacheable)};
        info.pins = chips[i].pins();
        for (unsigned pin = 0; pin < info.pins; ++pin) chips[i].set_entry(pin, masked);
    }
}

unsigned io_apic_count()
{
    return platform.io_apic_count;
}

unsigned io_apic_pins(unsigned n)
{
    return n < platform.io_apic_count ? platform.io_apic[n].pins : 0;
}

void route_io_apic(unsigned irq, unsigned io_apic, unsigned pin, bool level, bool active_low)
{
    KASSERT(irq < irq_count && pin < io_apic_pins(io_apic));
    unroute_irq(irq);
    IoApic const& chip = chips[io_apic];
    chip.set_entry(pin, masked); // never half old, half new while it can fire
    chip.set_destination(pin, local_apic::id());
    chip.set_entry(pin, masked | (irq + irq_vector_base) | (level ? level_triggered : 0) |
                            (active_low ? low_active : 0));
    pin_of[irq] = {true, u8(io_apic), u8(pin)};
}

void unroute_irq(unsigned irq)
{
    arch::set_irq_masked(irq, true);
    pin_of[irq] = {};
}

void arch::set_irq_masked(unsigned irq, bool mask)
{
    Pin const& p = pin_of[irq];
    if (!p.used) return;
    IoApic const& chip = chips[p.io_apic];
    u32 const old = chip.entry(p.pin);
    chip.set_entry(p.pin, mask ? old | masked : old & ~masked);
}

} // namespace mk
