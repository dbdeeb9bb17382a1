// What the kernel tells the root task: one page with the slots it filled and the untypeds, then,
// if extra_length is not 0, chunks on the pages after it, each led by a BootInfoHeader. seL4's
// layout. The chunk that only we have (modules): abi/extensions.hpp.
#pragma once

#include "kit/types.hpp"
#include <cstddef>

namespace abi {

struct SlotRegion {
    u64 start, end; ///< slots of the root CNode, [start, end)
};

struct UntypedDesc {
    u64 paddr;
    u8 size_bits, is_device;
    u8 padding[6];
};
static_assert(sizeof(UntypedDesc) == 16);

inline constexpr u64 max_boot_info_untypeds = 230;

struct BootInfo {
    u64 extra_length; ///< bytes of all chunks; they begin one page after this structure
    u64 node_id;
    u64 node_count;
    u64 io_page_table_levels; ///< 0 without an IOMMU
    u64 ipc_buffer;           ///< user virtual address
    SlotRegion empty;
    SlotRegion shared_frames;
    SlotRegion user_image_frames;
    SlotRegion user_image_paging;
    SlotRegion io_space_caps;
    SlotRegion extra_boot_info_pages;
    u64 init_thread_cnode_bits;
    u64 init_thread_domain;
    SlotRegion sched_control; ///< one per node
    SlotRegion untyped;
    UntypedDesc untyped_list[max_boot_info_untypeds]; ///< entry i describes slot untyped.start + i
};
static_assert(sizeof(BootInfo) == 3864);
static_assert(offsetof(BootInfo, ipc_buffer) == 32);
static_assert(offsetof(BootInfo, empty) == 40);
static_assert(offsetof(BootInfo, shared_frames) == 56);
static_assert(offsetof(BootInfo, user_image_frames) == 72);
static_assert(offsetof(BootInfo, user_image_paging) == 88);
static_assert(offsetof(BootInfo, io_space_caps) == 104);
static_assert(offsetof(BootInfo, extra_boot_info_pages) == 120);
static_assert(offsetof(BootInfo, init_thread_cnode_bits) == 136);
static_assert(offsetof(BootInfo, init_thread_domain) == 144);
static_assert(offsetof(BootInfo, sched_control) == 152);
static_assert(offsetof(BootInfo, untyped) == 168);
static_assert(offsetof(BootInfo, untyped_list) == 184);

/// What a chunk of extra boot information holds.
enum class BootInfoId : u64 {
    padding = 0,
    x86_vbe = 1,
    x86_memory_map = 2, ///< multiboot memory map
    x86_acpi_rsdp = 3,
    x86_framebuffer = 4,
    x86_tsc_frequency = 5, ///< u32, MHz; always present
    fdt = 6,
};

struct BootInfoHeader {
    u64 id;     ///< BootInfoId, or an id of abi/extensions.hpp
    u64 length; ///< bytes, this header included
};
static_assert(sizeof(BootInfoHeader) == 16);

/// Payload of x86_acpi_rsdp: the ACPI 2.0 table, copied (36 bytes; the chunk is 52 long).
inline constexpr u64 acpi_rsdp_bytes = 36;

/// One region of the memory map chunk; the payload is a u32 length in bytes and up to 50 of these.
struct [[gnu::packed]] MemoryMapEntry {
    u32 size; ///< bytes of the entry that follow this word: 20
    u64 base, length;
    u32 type; ///< 1 is RAM
};
static_assert(sizeof(MemoryMapEntry) == 24);
inline constexpr u64 max_memory_map_entries = 50;

} // namespace abi
