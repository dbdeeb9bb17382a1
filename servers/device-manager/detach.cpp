// Making a device quiet when its driver ended, step by step: no bus mastering and no interrupts;
// the register writes and polls that the manifest lists; a reset of the function, or of everything
// behind its bridge. What cannot be made quiet keeps its memory: nobody else gets it.
#include "devices.hpp"

#include "bars.hpp"
#include "hpet.hpp"
#include "pci/interrupt.hpp"

namespace device_manager {

using composition::Bus;
using composition::Need;
using composition::NeedKind;
using composition::Quiesce;
using composition::QuiesceKind;

namespace {

constexpr u64 page = bit(abi::page_bits);
constexpr usize most_steps = 8;
constexpr int most_polls = 10'000;
constexpr u64 how_at_once = 1, how_list = 2, how_reset = 3;

u64 width_of(QuiesceKind kind)
{
    switch (kind) {
    case QuiesceKind::write8:
    case QuiesceKind::poll8:
        return 1;
    case QuiesceKind::write16:
    case QuiesceKind::poll16:
        return 2;
    case QuiesceKind::write32:
    case QuiesceKind::poll32:
        return 4;
    }
    return 0;
}

bool is_write(QuiesceKind kind)
{
    return kind <= QuiesceKind::write32;
}

/// A step in memory: whether the register took or has the value.
bool carry_out(Quiesce const& step, u8 volatile* at)
{
    u64 const width = width_of(step.kind);
    auto* const at16 = reinterpret_cast<u16 volatile*>(at);
    auto* const at32 = reinterpret_cast<u32 volatile*>(at);
    if (is_write(step.kind)) {
        if (width == 1) *at = static_cast<u8>(step.value);
        if (width == 2) *at16 = static_cast<u16>(step.value);
        if (width == 4) *at32 = step.value;
        return true;
    }
    for (int i = 0; i < most_polls; ++i) {
        u32 const value = width == 1 ? *at : width == 2 ? *at16 : *at32;
        if ((value & step.mask) == step.value) return true;
    }
    return false;
}

/// The same at an I/O port.
bool carry_out(Quiesce const& step, sys::IoPort ports)
{
    u64 const width = width_of(step.kind);
    u16 const port = static_cast<u16>(step.offset);
    if (is_write(step.kind)) {
        if (width == 1) return bool{ports.out8(port, static_cast<u8>(step.value))};
        if (width == 2) return bool{ports.out16(port, static_cast<u16>(step.value))};
        return bool{ports.out32(port, step.value)};
    }
    auto const has = [&](auto const& value) {
        return value && (u32{*value} & step.mask) == step.value;
    };
    for (int i = 0; i < most_polls; ++i) {
        if (width == 1 && has(ports.in8(port))) return true;
        if (width == 2 && has(ports.in16(port))) return true;
        if (width == 4 && has(ports.in32(port))) return true;
    }
    return false;
}

} // namespace

void Devices::interrupts_off(pci::Device const& device)
{
    pci::Config& config = machine_.config();
    config.change16(device.at, pci::reg_command,
                    pci::command_bus_master | pci::command_interrupt_disable,
                    pci::command_interrupt_disable);
    pci::mask_msix(config, device);
    pci::disable_msi(config, device);
}

void Devices::stop_hpet()
{
    auto* const registers = memory_.registers(machine_.hpet, hpet_bytes);
    if (!registers) return;
    Hpet{registers}.quiet();
    memory_.release(ourselves, align_down(machine_.hpet, abi::page_bits), page);
}

/// Capabilities and mappings of the driver: all that Attach gave.
void Devices::take_back(u32 program)
{
    Attachment& attachment = attachments_[program];
    auto const& description = system_.program(program);
    pci::Device const* const device =
        attachment.placed ? machine_.inventory.find(attachment.function) : nullptr;
    if (device) interrupts_off(*device);
    while (attachment.vector_count > 0)
        interrupts_.give_back(attachment.vectors[--attachment.vector_count]);
    interrupts_.leave(program);
    ports_.release(program);
    sys::CNode const cnode{cnodes_ + program};
    for (Need const& need : system_.needs(description)) {
        if (need.slot != 0) (void)cnode.slot(need.slot, description.cnode_bits).remove();
        if (need.kind == NeedKind::framebuffer)
            memory_.release(program, align_down(machine_.framebuffer.address, abi::page_bits),
                            machine_.framebuffer_span());
        if (need.kind == NeedKind::hpet)
            memory_.release(program, align_down(machine_.hpet, abi::page_bits), page);
        if (need.kind != NeedKind::bar || !device || need.index >= pci::bar_count) continue;
        BarParts const parts = driver_parts(*device, need.index);
        u64 const start = align_down(device->bar[need.index].address, abi::page_bits);
        for (usize i = 0; i < parts.count; ++i)
            memory_.release(program, start + parts.part[i].offset, parts.part[i].bytes);
    }
    (void)own_.slot(cnodes_ + program).remove();
    attachment.attached = false;
}

Result<u64> Devices::detach(u32 program)
{
    Attachment& attachment = attachments_[program];
    if (!attachment.attached) {
        if (attachment.suspect) return Error::corrupt;
        return how_at_once;
    }
    take_back(program);
    composition::Match const& match = system_.program(program).match;
    if (composition::text(match.id) == "hpet") stop_hpet();
    pci::Device* const device =
        attachment.placed ? machine_.inventory.find(attachment.function) : nullptr;
    if (!device) {
        attachment.placed = false; // it was taken out, or never was one of PCI
        return how_at_once;
    }
    auto const how = make_quiet(program, *device);
    attachment.suspect = !how;
    if (how)
        for (DmaObject& dma : attachment.dma) dma.granted = false;
    return how;
}

void Devices::forget(pci::Device const& device)
{
    for (pci::Bar const& bar : device.bar)
        if (bar.memory && bar.size != 0)
            memory_.release(anybody, align_down(bar.address, abi::page_bits),
                            align_up(bar.size, abi::page_bits));
    for (Attachment& it : attachments_)
        if (it.placed && it.function == device.at) it.placed = it.suspect = false;
}

Result<u64> Devices::make_quiet(u32 program, pci::Device& device)
{
    pci::Config& config = machine_.config();
    if (config.read16(device.at, pci::reg_vendor) == pci::no_vendor)
        return how_at_once; // unplugged
    auto const list = system_.quiesces(system_.program(program));
    bool calm = run_quiesce_list(program, device);
    for (int i = 0; i < most_polls && pci::transactions_pending(config, device); ++i) {
    }
    calm = calm && !pci::transactions_pending(config, device);
    if (calm && !list.empty()) return how_list;
    // Without a list the device may remember where it was told to write: reset it if it can be.
    if (reset(device)) return how_reset;
    if (calm) return how_at_once;
    return Error::corrupt;
}

/// Whether the driver's needs include the port: a list reaches no further than the driver.
bool Devices::names_port(u32 program, u32 port) const
{
    for (Need const& need : system_.needs(system_.program(program)))
        if (need.kind == NeedKind::ports && port >= need.first && port <= need.last) return true;
    return false;
}

bool Devices::run_quiesce_list(u32 program, pci::Device& device)
{
    auto const list = system_.quiesces(system_.program(program));
    for (usize i = 0; i < list.size() && i < most_steps; ++i) {
        Quiesce const& step = list[i];
        if (step.bar == quiesce_port) {
            if (step.offset > 0xffff || !names_port(program, step.offset)) return false;
            if (!carry_out(step, ports_.containing(static_cast<u16>(step.offset)))) return false;
            continue;
        }
        u64 const width = width_of(step.kind);
        u64 const physical = quiesce_register(device, step.bar, step.offset, width);
        u8 volatile* const at = physical ? memory_.registers(physical, width) : nullptr;
        bool const done = at && carry_out(step, at);
        if (at) memory_.release(ourselves, align_down(physical, abi::page_bits), page);
        if (!done) return false;
    }
    return true;
}

} // namespace device_manager
