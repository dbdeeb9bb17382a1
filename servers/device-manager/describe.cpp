// See describe.hpp.
#include "describe.hpp"

#include "kit/text.hpp"
#include <algorithm>

namespace device_manager {

namespace {

struct Kind {
    u32 class_code, mask;
    char const* words;
};
/// [PCI Code and ID Assignment, "Class Codes"], those that a PC has; the first that matches.
constexpr Kind kinds[] = {
    {0x010802, 0xffffff, "NVMe disk"},      {0x010601, 0xffffff, "SATA controller"},
    {0x010100, 0xffff00, "IDE controller"}, {0x010000, 0xff0000, "disk controller"},
    {0x020000, 0xff0000, "network"},        {0x030000, 0xff0000, "display"},
    {0x040000, 0xff0000, "sound"},          {0x060000, 0xffff00, "host bridge"},
    {0x060100, 0xffff00, "ISA bridge"},     {0x060400, 0xffff00, "PCI bridge"},
    {0x060000, 0xff0000, "bridge"},         {0x0c0330, 0xffffff, "USB controller (xHCI)"},
    {0x0c0300, 0xffff00, "USB controller"}, {0x0c0500, 0xffff00, "SMBus"},
};
/// [Virtio 1.2, "Device Types", "PCI Device Discovery"]: devices are numbered 0x1040 + type, and
/// those that old drivers know too, from 0x1000 on in an order of their own.
constexpr char const* virtio_kinds[] = {nullptr, "network", "disk", "console", "random numbers"};
constexpr char const* old_virtio_kinds[] = {"network", "disk",       "memory balloon",
                                            "console", "SCSI disks", "random numbers"};

struct PlatformDevice {
    char const *id, *words;
};
constexpr PlatformDevice platform[] = {{"com1", "serial line"},
                                       {"ps2", "keyboard and mouse"},
                                       {"rtc", "clock with battery"},
                                       {"hpet", "timer"},
                                       {"framebuffer", "screen set up by the loader"}};

char const* words_of(pci::Device const& device)
{
    usize const type = device.device - 0x1040u, old_type = device.device - 0x1000u;
    if (device.vendor == pci::virtio_vendor && type > 0 && type < std::size(virtio_kinds))
        return virtio_kinds[type];
    if (device.vendor == pci::virtio_vendor && old_type < std::size(old_virtio_kinds))
        return old_virtio_kinds[old_type];
    for (Kind const& kind : kinds)
        if (((device.class_code ^ kind.class_code) & kind.mask) == 0) return kind.words;
    return "device";
}

using Line = kit::Text<95>; // the text ends with a zero

void put_hex(Line& line, u64 value, int digits)
{
    char text[16];
    for (int i = digits; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
    line.add(std::string_view{text, static_cast<usize>(digits)});
}

void finish(Line const& line, device::Describe::Reply& out)
{
    std::copy(line.view().begin(), line.view().end(), out.text);
}

u64 driver_number(u32 driver)
{
    return driver == composition::no_index ? ~u64{0} : driver;
}

void describe_function(pci::Device const& device, Devices const& devices,
                       device::Describe::Reply& out)
{
    out.bus = static_cast<u64>(composition::Bus::pci);
    out.function = device.at.id;
    out.vendor = device.vendor;
    out.device = device.device;
    out.class_code = device.class_code;
    out.driver = driver_number(devices.driver_of(device.at));
    out.irq = device.interrupt_line;
    for (u8 i = 0; i < pci::bar_count; ++i) {
        out.bar[i] = device.bar[i].address;
        out.bar_size[i] = device.bar[i].size;
    }
    Line line;
    put_hex(line, device.at.bus(), 2);
    line.add(":");
    put_hex(line, device.at.device(), 2);
    line.add(".", device.at.function(), " ");
    put_hex(line, device.vendor, 4);
    line.add(":");
    put_hex(line, device.device, 4);
    line.add(" ", device.vendor == pci::virtio_vendor ? "virtio " : "", words_of(device));
    line.add(device.msix.entries > 0        ? ", MSI-X"
             : device.capabilities.msi != 0 ? ", MSI"
             : device.interrupt_pin != 0    ? ", interrupt line"
                                            : "");
    finish(line, out);
}

} // namespace

Result<void> describe(u64 index, Machine& machine, Devices const& devices,
                      device::Describe::Reply& out)
{
    out = {}; // a bus master is contained by VT-d tables only: dma_contained stays 0
    auto const functions = machine.inventory.devices();
    if (index < functions.size()) {
        describe_function(functions[index], devices, out);
        return {};
    }
    for (PlatformDevice const& it : platform) {
        if (!devices.platform_exists(it.id) || index-- != functions.size()) continue;
        out.bus = static_cast<u64>(composition::Bus::platform);
        out.driver = driver_number(devices.driver_of(it.id));
        // None of them is a bus master, but the HPET's messages are writes to memory.
        out.dma_contained = std::string_view{it.id} != "hpet";
        Line line;
        line.add(it.id, " ", it.words);
        finish(line, out);
        return {};
    }
    return Error::not_found;
}

} // namespace device_manager
