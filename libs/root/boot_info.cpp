// See boot_info.hpp.
#include "root/boot_info.hpp"

#include <cstring>

namespace root {

std::span<u8 const> find_chunk(abi::BootInfo const& info, u64 id)
{
    // The chunks follow the page of the boot information.
    u8 const* const first = reinterpret_cast<u8 const*>(&info) + 4096;
    for (u64 at = 0; at + sizeof(abi::BootInfoHeader) <= info.extra_length;) {
        abi::BootInfoHeader header;
        std::memcpy(&header, first + at, sizeof header);
        if (header.length < sizeof header || header.length > info.extra_length - at) return {};
        if (header.id == id) return {first + at + sizeof header, header.length - sizeof header};
        at += header.length;
    }
    return {};
}

std::optional<abi::BootModule> boot_archive(abi::BootInfo const& info)
{
    auto const chunk = find_chunk(info, abi::boot_info_modules);
    if (chunk.size() < sizeof(abi::BootModules) + sizeof(abi::BootModule)) return {};
    abi::BootModules head;
    std::memcpy(&head, chunk.data(), sizeof head);
    if (head.count == 0) return {};
    abi::BootModule module;
    std::memcpy(&module, chunk.data() + sizeof head, sizeof module);
    return module;
}

std::optional<u64> largest_ram_untyped(abi::BootInfo const& info)
{
    std::optional<u64> best;
    u64 const count = info.untyped.end - info.untyped.start;
    for (u64 i = 0; i < count && i < abi::max_boot_info_untypeds; ++i) {
        abi::UntypedDesc const& it = info.untyped_list[i];
        if (it.is_device) continue;
        if (!best || it.size_bits > info.untyped_list[*best].size_bits) best = i;
    }
    return best;
}

} // namespace root
