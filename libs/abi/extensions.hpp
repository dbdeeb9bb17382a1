// What our kernel offers beyond seL4's interface, at numbers that seL4 refuses today, so that no
// program built for seL4 can meet an extension by accident. Rules: invocation labels from 0x1000,
// boot information ids from 0x1000, never a flag bit that seL4 ignores.
#pragma once

#include "abi/labels.hpp"
#include "kit/types.hpp"
#include <cstddef>

namespace abi {

/// Methods that seL4 does not have. A flag in an existing method would not do: seL4 ignores bits it
/// does not know, so a program may pass any.
inline constexpr Label page_map_execute_never{0x1000}; ///< Page.map, but not executable
/// SchedControl: puts a scheduling context into the feedback class or takes it out.
inline constexpr Label sched_control_configure_feedback{0x1001};

/// Boot information chunk: files the loader put into memory. The payload is a BootModules head
/// and `count` BootModule entries. The root server itself is not listed.
inline constexpr u64 boot_info_modules = 0x1000;

/// A file in memory. It lies in *device* untypeds, because retyping a device untyped into frames
/// does not clear them: make frames from untypeds first_untyped .. + untyped_count - 1 (indices
/// into untyped_list, ascending in address, together exactly the module's pages) and map them.
struct BootModule {
    u64 paddr;         ///< page aligned
    u64 size;          ///< bytes; the rest of the last page is zero
    u64 first_untyped; ///< index into BootInfo::untyped_list
    u64 untyped_count;
    char name[48]; ///< zero terminated
    u8 sha256[32]; ///< of the file, computed by the loader, not by the kernel
};
static_assert(sizeof(BootModule) == 112);
static_assert(offsetof(BootModule, name) == 32);
static_assert(offsetof(BootModule, sha256) == 80);

struct BootModules {
    u64 count; ///< BootModule entries that follow directly
};

} // namespace abi
