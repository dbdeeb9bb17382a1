// Physical memory of devices: firmware tables and registers that we look at ourselves, and
// registers that a driver gets. One piece of memory belongs to one party at a time.
#pragma once

#include "acpi/acpi.hpp"
#include "composition/description.hpp"
#include "high_window.hpp"
#include "own.hpp"
#include "sys/vspace.hpp"
#include "untyped/device_pieces.hpp"

namespace device_manager {

/// Who has device memory: a program by its number, or
inline constexpr u32 ourselves = composition::no_index, anybody = composition::no_index - 1;

class DeviceMemory {
    Own& own_;
    untyped::DevicePieces<1024> pieces_;
    u64 scratch_ = 0; // slot for a frame on its way to the memory-manager
    HighWindow high_; // our mappings above 4 GiB: in layout::dma

    Result<void> map_piece(untyped::Piece& piece, u64 space, u64 address, u64 access,
                           abi::VmAttributes type);
    u8 piece_bits(u64 physical, u64 bytes, u64 address) const;
    u64 own_address(u64 physical, u64 bytes);
    u8 volatile* keep(u64 physical, u64 bytes, u64 access, abi::VmAttributes type);

public:
    DeviceMemory(Own& own, handover::Devices const& given);

    /// Firmware's bytes [physical, + bytes), read-only; nothing when they are no device memory, lie
    /// above 4 GiB, or tables are full. They stay mapped.
    std::span<u8 const> view(u64 physical, u64 bytes);
    acpi::PhysicalView physical_view();

    /// Registers, mapped for ourselves until release(). Null as above.
    u8 volatile* registers(u64 physical, u64 bytes);

    /// Maps [physical, + bytes), whole pages, at `address` of a space, read and write.
    /// @error slot_occupied  a part of it is somebody's already
    /// @error no_memory
    Result<void> give(u32 program, u64 space, u64 address, u64 physical, u64 bytes,
                      abi::VmAttributes type);

    /// Takes back what of this memory was given to `user`.
    void release(u32 user, u64 physical, u64 bytes);
};

} // namespace device_manager
