// See interrupts.hpp.
#include "interrupts.hpp"

#include "kit/bits.hpp"

namespace device_manager {

Interrupts::Interrupts(Own& own, sys::IrqControl control, std::span<u8 const> madt)
    : own_{own}, control_{control}
{
    acpi::read_interrupts(madt, madt_);
}

Result<void> Interrupts::prepare()
{
    auto const handlers = own_.slots.take_slots(vector_count);
    auto const signals = own_.slots.take_slots(composition::max_programs);
    if (!handlers || !signals) return Error::no_memory;
    handlers_ = *handlers;
    signals_ = *signals;
    for (usize i = 0; i < max_lines; ++i) {
        auto const signal = own_.make_signal(bit(static_cast<unsigned>(i)));
        if (!signal) return Error::no_memory;
        line_signal_[i] = *signal;
    }
    return {};
}

Result<u8> Interrupts::take_vector()
{
    for (u8 vector = 0; vector < vector_count; ++vector) {
        u64& word = used_[vector / 64];
        if (word >> vector % 64 & 1) continue;
        word |= bit(vector % 64);
        return vector;
    }
    return Error::no_memory;
}

void Interrupts::give_back(u8 vector)
{
    sys::Slot const slot = own_.slot(handlers_ + vector);
    (void)slot.revoke();
    (void)slot.remove();
    used_[vector / 64] &= ~bit(vector % 64);
}

Result<u8> Interrupts::take_message(pci::Function f)
{
    u8 const vector = TRY(take_vector());
    auto const made = control_.get_msi(own_.slot(handlers_ + vector), f.bus(), f.device(),
                                       f.function(), 0, vector);
    if (made) return vector;
    give_back(vector);
    return refused(made.error());
}

Result<u8> Interrupts::take_pin(acpi::InterruptRoute const& route)
{
    u8 const vector = TRY(take_vector());
    auto const made = control_.get_ioapic(own_.slot(handlers_ + vector), route.io_apic, route.pin,
                                          route.level_triggered, route.active_low, vector);
    if (made) return vector;
    give_back(vector);
    return refused(made.error());
}

Result<u8> Interrupts::take_isa(u8 isa)
{
    return take_pin(acpi::isa_route(madt_, isa));
}

Result<SharedLine*> Interrupts::find_line(pci::Config& config, pci::Device const& router, u8 number)
{
    for (usize i = 0; i < line_count_; ++i)
        if (lines_[i].number == number) return &lines_[i];
    auto const pins = TRY(pci::pins_of_line(config, router, number));
    if (line_count_ == max_lines) return Error::no_memory;
    SharedLine& line = lines_[line_count_];
    line = {};
    line.number = number;
    auto const taken = take_pins(line, pins, line_signal_[line_count_]);
    if (!taken) {
        while (line.pin_count > 0) give_back(line.vector[--line.pin_count]);
        return taken.error();
    }
    ++line_count_;
    return &line;
}

Result<void> Interrupts::take_pins(SharedLine& line, pci::LinePins pins, sys::Notification signal)
{
    for (u32 gsi = 0; gsi < 32 && line.pin_count < max_pins; ++gsi) {
        if (!(pins.gsi >> gsi & 1)) continue;
        u8 const vector = TRY(take_pin(acpi::pci_route(madt_, gsi)));
        line.vector[line.pin_count++] = vector;
        if (!handler(vector).set_notification(signal)) return Error::no_memory;
    }
    return {};
}

void Interrupts::open(SharedLine const& line) const
{
    for (u8 i = 0; i < line.pin_count; ++i) (void)handler(line.vector[i]).ack();
}

Result<void> Interrupts::join(pci::Config& config, pci::Device const& router,
                              pci::Device const& device, u32 program, sys::Slot signal)
{
    if (device.interrupt_pin == 0) return Error::not_supported;
    SharedLine* const line = TRY(find_line(config, router, device.interrupt_line));
    sys::Slot const own = own_.slot(signals_ + program);
    (void)own.remove();
    if (!own.copy_from(signal)) return Error::bad_argument;
    if (line->members == 0) open(*line);
    line->members |= bit(program);
    return {};
}

void Interrupts::leave(u32 program)
{
    (void)acknowledge(program);
    for (SharedLine& line : lines_) line.members &= ~bit(program);
    (void)own_.slot(signals_ + program).remove();
}

Result<void> Interrupts::acknowledge(u32 program)
{
    for (SharedLine& line : lines_) {
        if (!(line.members & bit(program))) continue;
        bool const was_awaited = (line.awaited & bit(program)) != 0;
        line.awaited &= ~bit(program);
        if (was_awaited && line.awaited == 0) open(line);
        return {};
    }
    return Error::not_found;
}

void Interrupts::on_lines(u64 bits)
{
    for (usize i = 0; i < line_count_; ++i) {
        if (!(bits >> i & 1)) continue;
        SharedLine& line = lines_[i];
        line.awaited = line.members;
        for (u32 program = 0; program < composition::max_programs; ++program)
            if (line.members & bit(program)) sys::Notification{signals_ + program}.signal();
    }
}

} // namespace device_manager
