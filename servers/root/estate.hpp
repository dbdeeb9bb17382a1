// What the kernel gave root, and root gives away: RAM, device memory, and the boot archive among
// it. Root itself lives on two small pieces of RAM.
#pragma once

#include "abi/boot_info.hpp"
#include "abi/extensions.hpp"
#include "protocol/handover.hpp"
#include "root/address_space.hpp"
#include <array>
#include <span>

namespace root {

/// Ends root, when there is nothing to go on with. Its fault makes the kernel report and stop.
[[noreturn]] void give_up(char const* why, char const* what = "");

/// All RAM, as untypeds of which nothing was made.
class Ram {
    std::array<handover::Untyped, abi::max_boot_info_untypeds + 128> piece_{};
    usize count_ = 0;
    u64 next_slot_; // for halves

public:
    /// Slots that splitting may take.
    static constexpr u64 slots = 256;
    Ram(abi::BootInfo const& info, u64 first_slot);

    /// Takes a piece of 2^bits bytes away, from the smallest that is large enough.
    handover::Untyped take(u64 bits);
    std::span<handover::Untyped const> pieces() const { return {piece_.data(), count_}; }
};

/// The boot archive: its frames in a CNode of their own, and copies of them mapped for us.
struct Archive {
    abi::BootModule module;
    sys::CNode frames;
    u64 frames_bits;
    std::span<u8 const> bytes;
};
Archive map_archive(abi::BootInfo const& info, abi::BootModule const& module, AddressSpace& own,
                    Objects& objects);

/// Bytes of RAM that map_archive takes, at most.
u64 memory_for_archive(abi::BootModule const& module);

} // namespace root
