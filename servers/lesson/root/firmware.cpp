// See firmware.hpp.
#include "firmware.hpp"

#include "acpi/acpi.hpp"
#include "root/boot_info.hpp"

namespace root {

namespace {

acpi::PhysicalView view_of(DeviceMemory& memory)
{
    return {[](void* context, u64 address, u64 size) {
                return static_cast<DeviceMemory*>(context)->view(address, size);
            },
            &memory};
}

} // namespace

Firmware::Firmware(abi::BootInfo const& info, DeviceMemory& memory)
    : memory_{memory}, rsdp_{find_chunk(info, static_cast<u64>(abi::BootInfoId::x86_acpi_rsdp))}
{
}

std::span<u8 const> Firmware::table(std::string_view signature)
{
    auto const rsdp = acpi::parse_rsdp(rsdp_);
    if (!rsdp) return {};
    auto const found = acpi::find_table(view_of(memory_), *rsdp, signature);
    if (!found || !*found) return {};
    return **found;
}

std::span<u8 const> Firmware::table_at(u64 address, std::string_view signature)
{
    auto const found = acpi::read_table(view_of(memory_), address, signature);
    return found ? *found : std::span<u8 const>{};
}

} // namespace root
