// A driver's window on its device's registers: BARs without the pages that are ours, and where a
// virtio device's structures lie in them.
#include "devices.hpp"

#include "bars.hpp"
#include "request.hpp"

namespace device_manager {

using composition::Need;

namespace {

constexpr u64 page = bit(abi::page_bits);

/// Whether [offset, + bytes) of a BAR is in a part that the driver has.
bool driver_has(pci::Device const& device, u8 bar, u64 offset, u64 bytes)
{
    BarParts const parts = driver_parts(device, bar);
    for (usize i = 0; i < parts.count; ++i) {
        BarPart const& it = parts.part[i];
        if (offset >= it.offset && offset - it.offset <= it.bytes &&
            bytes <= it.bytes - (offset - it.offset))
            return true;
    }
    return false;
}

} // namespace

/// BARs smaller than a page may lie side by side: a page goes to a driver only if nobody else's
/// registers are in it.
bool Devices::shares_page(pci::Device const& device, pci::Bar const& bar)
{
    u64 const first = align_down(bar.address, abi::page_bits);
    u64 const end = align_up(bar.address + bar.size, abi::page_bits);
    for (pci::Device const& other : machine_.inventory.devices())
        for (pci::Bar const& it : other.bar) {
            bool const own = other.at == device.at && it.address == bar.address;
            if (it.memory && it.size != 0 && !own && it.address < end &&
                it.address + it.size > first)
                return true;
        }
    return false;
}

Result<void> Devices::give_bar(Request& request, Need const& need)
{
    if (!request.device || need.index >= pci::bar_count) return Error::corrupt;
    pci::Device const& device = *request.device;
    pci::Bar const& bar = device.bar[need.index];
    if (!can_be_given(bar, need.first) || shares_page(device, bar)) return Error::corrupt;
    u64 const inside = bar.address & (page - 1); // not 0 only for BARs smaller than a page
    BarParts const parts = driver_parts(device, need.index);
    for (usize i = 0; i < parts.count; ++i) {
        BarPart const& part = parts.part[i];
        TRY(memory_.give(request.program, request.space, need.address + part.offset,
                         bar.address - inside + part.offset, part.bytes,
                         abi::VmAttributes::uncacheable));
    }
    request.bar_address[need.index] = need.address + inside;
    auto const name = composition::text(need.name);
    if (!request.values.add(name, "", need.address + inside) ||
        !request.values.add(name, "size", bar.size))
        return Error::out_of_range;
    return {};
}

/// Structures in BARs that the manifest does not name have no address.
void Devices::virtio_values(Request& request)
{
    auto const virtio = pci::read_virtio(machine_.config(), *request.device);
    if (!virtio) return;
    bool fits = true;
    auto const tell = [&](pci::VirtioStructure const& it, std::string_view name,
                          std::string_view size) {
        if (!it || request.bar_address[it.bar] == 0) return;
        if (!driver_has(*request.device, it.bar, it.offset, it.bytes)) return;
        fits = fits && request.values.add(name, "", request.bar_address[it.bar] + it.offset) &&
               request.values.add(size, "", it.bytes);
    };
    tell((*virtio).common, "virtio.common", "virtio.common.size");
    tell((*virtio).notify, "virtio.notify", "virtio.notify.size");
    tell((*virtio).isr, "virtio.isr", "virtio.isr.size");
    tell((*virtio).device, "virtio.device", "virtio.device.size");
    if (fits) (void)request.values.add("virtio.notify_mul", "", (*virtio).notify_multiplier);
}

/// The physical address of a register named in a manifest's quiesce list. 0 when the driver could
/// not have reached it either.
u64 Devices::quiesce_register(pci::Device const& device, u8 bar, u64 offset, u64 bytes)
{
    if (bar == quiesce_virtio_common) {
        auto const virtio = pci::read_virtio(machine_.config(), device);
        if (!virtio || offset + bytes > (*virtio).common.bytes) return 0;
        bar = (*virtio).common.bar;
        offset += (*virtio).common.offset;
    }
    bool const reachable = pci::bar_holds(device, bar, offset, bytes) &&
                           is_aligned(offset, static_cast<unsigned>(bytes >> 1)) &&
                           driver_has(device, bar, offset, bytes);
    return reachable ? device.bar[bar].address + offset : 0;
}

} // namespace device_manager
