// Physical memory that is no RAM to the kernel: boot archive and firmware tables. The kernel hands
// it over as device untypeds, which keep their contents. To look at one page, the untyped around it
// is split in halves until the piece is small (libs/untyped), the piece becomes frames, and these
// are mapped at layout::physical_window + physical address.
#pragma once

#include "abi/boot_info.hpp"
#include "root/address_space.hpp"
#include "untyped/device_pieces.hpp"
#include <span>

namespace root {

class DeviceMemory {
public:
    DeviceMemory(abi::BootInfo const& info, AddressSpace& own, Objects& objects);

    /// The bytes [address, address + size), mapped read-only; nothing when a part of them is not
    /// device memory or our tables are full. They stay mapped.
    std::span<u8 const> view(u64 address, u64 size);

private:
    bool map_page(u64 address);
    bool map_piece(untyped::Piece& piece);

    AddressSpace& own_;
    Objects& objects_;
    untyped::DevicePieces<768> pieces_{own_cnode};
};

} // namespace root
