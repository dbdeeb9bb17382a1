// What a driver gets: every need of its manifest, or nothing. Interrupts come first, because the
// pages of MSI-X tables are ours and the HPET's route is set before its driver sees the registers.
#include "devices.hpp"

#include "hpet.hpp"
#include "kit/bits.hpp"
#include "pci/interrupt.hpp"
#include "request.hpp"
#include <algorithm>
#include <cstring>

namespace device_manager {

using composition::Bus;
using composition::Match;
using composition::Need;
using composition::NeedKind;

namespace {

constexpr u64 page = bit(abi::page_bits);
constexpr u64 read_write = memory::access_read | memory::access_write;

u64 whole_pages(u64 bytes)
{
    return align_up(bytes, abi::page_bits);
}

bool is_interrupt(Need const& need)
{
    return need.kind == NeedKind::irq_isa || need.kind == NeedKind::irq_pci ||
           need.kind == NeedKind::irq_hpet;
}

} // namespace

bool Values::add(std::string_view name, std::string_view part, u64 value)
{
    usize const length = name.size() + (part.empty() ? 0 : 1 + part.size());
    if (out_.count == device::max_values || length >= device::name_bytes) return false;
    auto& entry = out_.values[out_.count++];
    char* end = std::copy(name.begin(), name.end(), entry.name);
    if (!part.empty()) {
        *end++ = '.';
        std::copy(part.begin(), part.end(), end);
    }
    entry.value = value;
    return true;
}

Result<void> Devices::prepare()
{
    auto const slots = own_.slots.take_slots(composition::max_programs);
    if (!slots) return Error::no_memory;
    cnodes_ = *slots;
    return interrupts_.prepare();
}

bool Devices::matches(u32 program, pci::Device const& device) const
{
    Match const& match = system_.program(program).match;
    if (match.bus != Bus::pci) return false;
    if (match.vendor != composition::any && match.vendor != device.vendor) return false;
    if (match.function != composition::any && match.function != device.at.id) return false;
    if ((match.class_code ^ device.class_code) & match.class_mask) return false;
    auto const& ids = match.device;
    bool const every =
        std::all_of(ids, std::end(ids), [](u16 id) { return id == composition::no_device; });
    if (!every && std::find(ids, std::end(ids), device.device) == std::end(ids)) return false;
    if (match.function != composition::any) return true;
    // What the description gives somebody by its place is not for whoever comes first.
    for (u32 i = 0; i < system_.header().program_count; ++i)
        if (system_.program(i).match.function == device.at.id && matches(i, device)) return false;
    return true;
}

bool Devices::taken(pci::Function function, u32 except) const
{
    u32 const driver = driver_of(function);
    return driver != composition::no_index && driver != except;
}

u32 Devices::driver_of(pci::Function function) const
{
    for (u32 i = 0; i < composition::max_programs; ++i) {
        Attachment const& it = attachments_[i];
        // Who left a device that may still be writing keeps it.
        if ((it.attached || it.suspect) && it.placed && it.function == function) return i;
    }
    return composition::no_index;
}

u32 Devices::driver_of(std::string_view platform_id) const
{
    for (u32 i = 0; i < system_.header().program_count; ++i) {
        Match const& match = system_.program(i).match;
        if (attachments_[i].attached && match.bus == Bus::platform &&
            composition::text(match.id) == platform_id)
            return i;
    }
    return composition::no_index;
}

/// The function for a driver: the one it had last if that is there, else the first free one that
/// matches.
pci::Device* Devices::device_of(u32 program)
{
    Attachment const& attachment = attachments_[program];
    pci::Device* found = nullptr;
    for (pci::Device& device : machine_.inventory.devices()) {
        if (!matches(program, device) || taken(device.at, program)) continue;
        if (attachment.placed && attachment.function == device.at) return &device;
        if (!found) found = &device;
    }
    return found;
}

bool Devices::platform_exists(std::string_view id) const
{
    if (id == "hpet") return machine_.hpet != 0;
    if (id == "framebuffer") return machine_.framebuffer.address != 0;
    return id == "com1" || id == "ps2" || id == "rtc"; // a PC has these; ports tell the driver
}

u64 Devices::present(u32 program)
{
    if (attachments_[program].attached) return 2;
    Match const& match = system_.program(program).match;
    if (match.bus == Bus::pci) return device_of(program) ? 1 : 0;
    return match.bus == Bus::platform && platform_exists(composition::text(match.id)) ? 1 : 0;
}

Result<void> Devices::attach(u32 program, u64 space, u64 cnode, device::Attach::Reply& out)
{
    Attachment& attachment = attachments_[program];
    auto const& description = system_.program(program);
    Match const& match = description.match;
    if (attachment.attached) return Error::slot_occupied;
    pci::Device* const device = match.bus == Bus::pci ? device_of(program) : nullptr;
    if (!device) {
        auto const id = composition::text(match.id);
        if (match.bus != Bus::platform || !platform_exists(id)) return Error::not_found;
        if (driver_of(id) != composition::no_index) return Error::slot_occupied;
    }
    if (device && attachment.suspect) {
        TRY(make_quiet(program, *device));
        attachment.suspect = false;
    }
    sys::Slot const kept = own_.slot(cnodes_ + program);
    (void)kept.remove();
    if (!kept.move_from(own_.slot(cnode))) return Error::invalid_cap;

    attachment.attached = true;
    if (device) attachment.function = device->at, attachment.placed = true;
    Request request{program,     space, description, device, attachment, sys::CNode{kept.index},
                    Values{out}, {}};
    auto const done = fulfil(request);
    if (!done) take_back(program);
    return done;
}

Result<void> Devices::fulfil(Request& request)
{
    if (request.device)
        machine_.config().change16(request.device->at, pci::reg_command, pci::command_memory,
                                   pci::command_memory);
    auto const needs = system_.needs(request.description);
    for (Need const& need : needs)
        if (is_interrupt(need)) TRY(interrupt_need(request, need));
    usize dma_count = 0;
    for (Need const& need : needs) {
        if (need.kind == NeedKind::dma)
            TRY(give_dma(request, need, dma_count++));
        else if (!is_interrupt(need))
            TRY(memory_need(request, need));
    }
    if (!request.device) return {};
    virtio_values(request);
    if (!request.values.add("pci.device", "", request.device->device)) return Error::out_of_range;
    machine_.config().change16(request.device->at, pci::reg_command, pci::command_bus_master,
                               pci::command_bus_master);
    return {};
}

Result<void> Devices::interrupt_need(Request& request, Need const& need)
{
    if (need.kind == NeedKind::irq_pci) return pci_interrupt(request, need);
    if (need.kind == NeedKind::irq_hpet) return hpet_interrupt(request, need);
    if (need.first > 15) return Error::corrupt;
    return handler_for(request, need, TRY(interrupts_.take_isa(static_cast<u8>(need.first))));
}

Result<void> Devices::memory_need(Request& request, Need const& need)
{
    auto const name = composition::text(need.name);
    switch (need.kind) {
    case NeedKind::ports:
        if (need.first > need.last || need.last > 0xffff) return Error::corrupt;
        TRY(ports_.give(static_cast<u16>(need.first), static_cast<u16>(need.last), request.program,
                        request.slot(need.slot)));
        if (!request.values.add(name, "", need.first) ||
            !request.values.add(name, "slot", need.slot))
            return Error::out_of_range;
        return {};
    case NeedKind::bar:
        return give_bar(request, need);
    case NeedKind::hpet:
        if (machine_.hpet == 0) return Error::corrupt;
        TRY(memory_.give(request.program, request.space, need.address,
                         align_down(machine_.hpet, abi::page_bits), page,
                         abi::VmAttributes::uncacheable));
        if (!request.values.add(name, "", need.address + (machine_.hpet & (page - 1))) ||
            !request.values.add(name, "size", hpet_bytes))
            return Error::out_of_range;
        return tell_time(request);
    case NeedKind::framebuffer:
        return give_framebuffer(request, need);
    default:
        return Error::corrupt; // a kind from a later version of the description
    }
}

/// What a clock driver cannot find out by itself: the TSC's rate and when the kernel began, and
/// where the RTC has the century.
Result<void> Devices::tell_time(Request& request)
{
    constexpr u8 rtc_bytes = 128;
    auto const fadt = acpi::parse_fadt(machine_.table("FACP"));
    u8 const century = fadt && fadt->century < rtc_bytes ? fadt->century : u8{0};
    if (!request.values.add("tsc", "hz", own_.tsc_hz) ||
        !request.values.add("tsc", "zero", own_.tsc_at_entry) ||
        !request.values.add("rtc", "century", century))
        return Error::out_of_range;
    return {};
}

/// A handler of `vector` for the driver; from here on it is given back when the driver ends.
Result<void> Devices::handler_for(Request& request, Need const& need, u8 vector)
{
    Attachment& attachment = request.attachment;
    if (attachment.vector_count == max_vectors) {
        interrupts_.give_back(vector);
        return Error::out_of_range;
    }
    attachment.vectors[attachment.vector_count++] = vector;
    auto const copied =
        request.slot(need.slot).copy_from(own_.slot(interrupts_.handler(vector).address()));
    if (!copied) return refused(copied.error());
    auto const name = composition::text(need.name);
    if (!request.values.add(name, "", need.slot) ||
        !request.values.add(name, "kind", device::irq_handler))
        return Error::out_of_range;
    return {};
}

u32 volatile* Devices::msix_table(pci::Device const& device)
{
    pci::Msix const& msix = device.msix;
    u64 const physical = device.bar[msix.table_bar].address + msix.table_offset;
    return reinterpret_cast<u32 volatile*>(memory_.registers(physical, msix.table_bytes()));
}

/// MSI-X if the device has it, MSI if it is asked for one interrupt only, else its pin.
Result<void> Devices::pci_interrupt(Request& request, Need const& need)
{
    if (!request.device) return Error::corrupt;
    pci::Device const& device = *request.device;
    pci::Config& config = machine_.config();
    if (device.msix.entries > 0) {
        if (need.index >= device.msix.entries) return Error::corrupt;
        u32 volatile* const table = msix_table(device);
        if (!table) return Error::no_memory;
        // What is left of another driver of this device would be sent to who has that vector now.
        for (u16 i = 0; request.attachment.vector_count == 0 && i < device.msix.entries; ++i)
            pci::mask_msix_entry(table, i);
        u8 const vector = TRY(interrupts_.take_message(device.at));
        TRY(handler_for(request, need, vector));
        pci::write_msix_entry(table, need.index, message_to_us(vector));
        pci::enable_msix(config, device);
        return {};
    }
    if (need.index != 0) return Error::corrupt;
    if (device.capabilities.msi != 0) {
        u8 const vector = TRY(interrupts_.take_message(device.at));
        TRY(handler_for(request, need, vector));
        pci::enable_msi(config, device, message_to_us(vector));
        return {};
    }
    // A pin, which others share: the driver hears of it by its own notification, through us.
    auto const name = composition::text(need.name);
    for (composition::Grant const& grant : system_.grants(request.description)) {
        auto const of = composition::text(grant.name);
        bool const wanted = grant.kind == composition::GrantKind::own_signal &&
                            of.starts_with(name) && of.substr(name.size()) == ".signal";
        if (!wanted) continue;
        pci::Device const* const router = pci::find_router(machine_.inventory);
        if (!router) return Error::not_supported;
        TRY(interrupts_.join(config, *router, device, request.program, request.slot(grant.slot)));
        config.change16(device.at, pci::reg_command, pci::command_interrupt_disable, 0);
        if (!request.values.add(name, "", device.interrupt_line) ||
            !request.values.add(name, "kind", device::irq_shared))
            return Error::out_of_range;
        return {};
    }
    return Error::corrupt;
}

/// Timer 0 by a message where the HPET can (QEMU: only when asked to), else by a pin.
Result<void> Devices::hpet_interrupt(Request& request, Need const& need)
{
    if (machine_.hpet == 0) return Error::corrupt;
    auto* const registers = memory_.registers(machine_.hpet, hpet_bytes);
    if (!registers) return Error::no_memory;
    Hpet hpet{registers};
    auto const route = [&]() -> Result<u8> {
        if (hpet.sends_messages()) {
            u8 const vector = TRY(interrupts_.take_message({}));
            hpet.route_to(message_to_us(vector));
            return vector;
        }
        u8 const pin = TRY(hpet.pin());
        // The old timer's output is wired to the same pin.
        if (pin == pit_pin) (void)ports_.own(pit_first, pit_last).out8(pit_last, pit_stop);
        acpi::InterruptRoute where = interrupts_.pin_of_gsi(pin);
        where.level_triggered = where.active_low = false;
        u8 const vector = TRY(interrupts_.take_pin(where));
        hpet.route_to(pin);
        return vector;
    }();
    memory_.release(ourselves, align_down(machine_.hpet, abi::page_bits), page);
    return handler_for(request, need, TRY(route));
}

Result<void> Devices::give_framebuffer(Request& request, Need const& need)
{
    Framebuffer const& f = machine_.framebuffer;
    if (f.address == 0) return Error::corrupt;
    u64 const inside = f.address & (page - 1);
    TRY(memory_.give(request.program, request.space, need.address, f.address - inside,
                     machine_.framebuffer_span(), abi::VmAttributes::write_combining));
    auto const name = composition::text(need.name);
    bool const fits = request.values.add(name, "", need.address + inside) &&
                      request.values.add(name, "size", f.bytes()) &&
                      request.values.add(name, "pitch", f.pitch) &&
                      request.values.add(name, "width", f.width) &&
                      request.values.add(name, "height", f.height) &&
                      request.values.add(name, "red", f.red_shift) &&
                      request.values.add(name, "green", f.green_shift) &&
                      request.values.add(name, "blue", f.blue_shift);
    if (!fits) return Error::out_of_range;
    return {};
}

/// The one place where a driver's device is allowed to reach memory. Without VT-d tables the
/// device reaches everything anyway, and all we do is note what it was meant to reach.
Result<void> Devices::grant_dma_window(u32, DmaObject& object)
{
    object.granted = true;
    return {};
}

/// A successor finds its memory as the first instance did: zero.
Result<void> Devices::clear(DmaObject& dma)
{
    if (dma.window == 0) {
        TRY(own_.ask<memory::MapObject>({own_.space, dma.object, next_window_, read_write}));
        dma.window = next_window_;
        next_window_ += dma.bytes + page;
    }
    std::memset(reinterpret_cast<void*>(dma.window), 0, dma.bytes);
    return {};
}

Result<void> Devices::give_dma(Request& request, Need const& need, usize number)
{
    if (number >= max_dma) return Error::out_of_range;
    DmaObject& dma = request.attachment.dma[number];
    u64 const bytes = whole_pages(need.first);
    if (dma.object == 0) {
        auto const made = TRY(own_.ask<memory::CreateObject>({bytes, 1, need.address_bits}));
        dma = {made.object, made.physical, bytes, false, 0};
    } else {
        TRY(clear(dma));
    }
    TRY(own_.ask<memory::MapObject>({request.space, dma.object, need.address, read_write}));
    TRY(grant_dma_window(request.program, dma));
    auto const name = composition::text(need.name);
    if (!request.values.add(name, "", need.address) ||
        !request.values.add(name, "physical", dma.physical) ||
        !request.values.add(name, "size", bytes))
        return Error::out_of_range;
    return {};
}

} // namespace device_manager
