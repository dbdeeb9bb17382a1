// The chunks behind the boot info page: ACPI root pointer, memory map, modules, framebuffer, TSC
// frequency, clock. Pure: writes into the memory it is given. Called from boot/root_server.cpp.
// Layouts: libs/abi/boot_info.hpp and extensions.hpp (seL4's bootinfo_types.h); the framebuffer is
// the payload of a multiboot2 framebuffer tag.
#pragma once

#include "boot/handoff.hpp"
#include "boot/untyped_list.hpp"
#include "platform.hpp"

namespace mk {

/// Writes all chunks, answers their length in bytes (seL4's extraLen). `untypeds` says where the
/// modules are; the length does not depend on it.
usize write_extra_boot_info(std::span<u8> room, boot::Handoff const& handoff,
                            Platform const& machine, UntypedList const& untypeds);

} // namespace mk
