// See virtio.hpp.
#include "pci/virtio.hpp"

namespace pci {

namespace {

enum StructureType : u8 { common = 1, notify = 2, isr = 3, specific = 4 };
constexpr u8 capability_bytes = 16, notify_capability_bytes = 20;

} // namespace

Result<Virtio> read_virtio(Config& config, Device const& device)
{
    if (device.vendor != virtio_vendor) return Error::not_found;
    Virtio found;
    for (u8 i = 0; i < device.capabilities.vendor_count; ++i) {
        u8 const at = device.capabilities.vendor[i];
        auto const reg = [&](unsigned offset) { return static_cast<u16>(at + offset); };
        u8 const length = config.read8(device.at, reg(2)), type = config.read8(device.at, reg(3));
        if (length < capability_bytes || at > 256 - length) continue;
        VirtioStructure const it{config.read8(device.at, reg(4)), config.read32(device.at, reg(8)),
                                 config.read32(device.at, reg(12))};
        if (it.bytes == 0 || !bar_holds(device, it.bar, it.offset, it.bytes)) continue;
        // Of several structures of a type the first is the device's choice.
        if (type == common && !found.common) found.common = it;
        if (type == isr && !found.isr) found.isr = it;
        if (type == specific && !found.device) found.device = it;
        if (type == notify && !found.notify && length >= notify_capability_bytes) {
            found.notify = it;
            found.notify_multiplier = config.read32(device.at, reg(16));
        }
    }
    if (!found.common || !found.notify || !found.isr) return Error::not_found;
    return found;
}

} // namespace pci
