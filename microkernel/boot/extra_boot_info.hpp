// The chunks behind the boot info page: ACPI root pointer, memory map, modules, framebuffer, TSC
// frequency. Pure: writes into the memory it is given. Called from boot/root_server.cpp.
// Layouts: libs/abi/boot_info.hpp and extensions.hpp (seL4's bootinfo_types.h); the framebuffer is
// the payload of a multiboot2 framebuffer tag.
#pragma once

#include "boot/handoff.hpp"
#include "boot/untyped_list.hpp"
#include "platform.hpp"

namespace mk {

/// Writes chunks one after the other and counts their bytes, also those that found no room: a
/// writer without room measures.
class ChunkWriter {
public:
    /// `room` is zero.
    explicit ChunkWriter(std::span<u8> room) : room_{room} {}
    enum class Filling : u8 {
        none,
        to_8_bytes ///< the next chunk begins aligned; the length counts the filling
    };
    void chunk(u64 id, void const* payload, usize bytes, Filling filling);
    template <class T> void chunk(u64 id, T const& payload, Filling filling)
    {
        chunk(id, &payload, sizeof payload, filling);
    }
    /// Bytes of all chunks. The rest of the room becomes padding that they do not count.
    usize finish();

private:
    void write(usize at, void const* data, usize bytes);

    std::span<u8> room_;
    usize used_ = 0;
};

/// Writes all chunks, answers their length in bytes (seL4's extraLen). `untypeds` says where the
/// modules are; the length does not depend on it.
usize write_extra_boot_info(std::span<u8> room, boot::Handoff const& handoff,
                            Platform const& machine, UntypedList const& untypeds);

} // namespace mk
