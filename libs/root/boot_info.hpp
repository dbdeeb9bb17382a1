// What the kernel tells the root server at its start, taken out of the boot information: chunks by
// their id, modules by their number, and the memory we are going to live on.
// [seL4 Reference Manual, "System Bootstrapping"; the module chunk is ours: abi/extensions.hpp]
#pragma once

#include "abi/boot_info.hpp"
#include "abi/extensions.hpp"
#include <optional>
#include <span>

namespace root {

/// The payload of the first extra chunk with this id; empty when there is none.
std::span<u8 const> find_chunk(abi::BootInfo const& info, u64 id);

/// The first module: the boot archive. Nothing when the loader brought none.
std::optional<abi::BootModule> boot_archive(abi::BootInfo const& info);

/// Index (in untyped_list) of the largest untyped of RAM. Nothing when there is none at all.
std::optional<u64> largest_ram_untyped(abi::BootInfo const& info);

} // namespace root
