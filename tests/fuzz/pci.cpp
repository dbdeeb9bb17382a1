// Fuzzes libs/pci: the input is the configuration space of hostile functions on a few buses, which
// even changes what is read the second time. Whatever is found must keep what device.hpp promises.
#include "pci/enumerate.hpp"
#include "pci/express.hpp"
#include "pci/interrupt.hpp"
#include "pci/intx.hpp"
#include "pci/plugged.hpp"
#include "pci/virtio.hpp"

#include <cstdlib>
#include <memory>

namespace {

/// Function n has the input's bytes from n * 64 on, with a head that makes it worth looking at.
class HostileSpace final : public pci::Config {
    std::span<u8 const> bytes_;
    u32 writes_ = 0;

    u8 byte(pci::Function f, u16 offset) const
    {
        if (f.bus() > 3 || f.device() > 5 || bytes_.empty()) return 0xff;
        usize const at = (usize{f.id} * 64 + offset) % bytes_.size();
        return static_cast<u8>(bytes_[at] ^ (writes_ & 1));
    }

public:
    explicit HostileSpace(std::span<u8 const> bytes) : bytes_{bytes} {}

protected:
    u32 read(pci::Function f, u16 offset, u8 bytes) override
    {
        u32 value = 0;
        for (u8 i = 0; i < bytes; ++i) value |= u32{byte(f, static_cast<u16>(offset + i))} << 8 * i;
        return value;
    }
    void write(pci::Function, u16, u8, u32) override { ++writes_; }
};

void check(pci::Device const& device)
{
    for (u8 i = 0; i < pci::bar_count; ++i) {
        pci::Bar const& bar = device.bar[i];
        if (bar.size & (bar.size - 1)) std::abort();
        if (bar.wide && i + 1 == pci::bar_count) std::abort();
    }
    pci::Msix const& msix = device.msix;
    if (msix.entries > 0 &&
        !(pci::bar_holds(device, msix.table_bar, msix.table_offset, msix.table_bytes()) &&
          pci::bar_holds(device, msix.pending_bar, msix.pending_offset, msix.pending_bytes())))
        std::abort();
    if (device.capabilities.vendor_count > sizeof device.capabilities.vendor) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    HostileSpace space{{data, size}};
    auto const found = std::make_unique<pci::Inventory>();
    pci::enumerate(space, 0, 255, *found);
    for (pci::Device const& device : found->devices()) {
        check(device);
        if (auto const virtio = pci::read_virtio(space, device))
            for (auto const& it : {(*virtio).common, (*virtio).notify, (*virtio).isr})
                if (!pci::bar_holds(device, it.bar, it.offset, it.bytes)) std::abort();
        static_cast<void>(pci::has_function_reset(space, device));
        static_cast<void>(pci::transactions_pending(space, device));
        if (auto const slot = pci::Slot::of(space, device))
            static_cast<void>(slot.take_status(space));
        pci::enable_msi(space, device, pci::message_for(0, 0x30));
        static_cast<void>(pci::pins_of_line(space, device, device.interrupt_line));
    }
    for (usize i = 0; i < found->bridge_count; ++i) {
        pci::Bridge const& bridge = found->bridge[i];
        static_cast<void>(pci::assign_bars(space, bridge, found->devices()));
        for (pci::Window const& window : {bridge.memory, bridge.prefetchable})
            if (window.first <= window.last && window.last >> 46 != 0) std::abort();
    }
    // Whatever a bridge that was plugged in says, nothing gets a bus or an address of others.
    pci::Bridge const slot{{0, 4, 0}, 1, 3, {0xfe80'0000, 0xfe9f'ffff}, {}};
    *found = {};
    found->bridge[found->bridge_count++] = slot;
    static_cast<void>(pci::add_behind(space, slot, *found));
    for (usize i = 1; i < found->bridge_count; ++i) {
        pci::Bridge const& bridge = found->bridge[i];
        if (bridge.secondary <= bridge.at.bus() || bridge.subordinate > slot.subordinate)
            std::abort();
    }
    return 0;
}
