// Capabilities to I/O ports: each range is issued once, by need, and then kept; a driver gets a
// copy, which is taken back by revoking ours.
#pragma once

#include "composition/description.hpp"
#include "own.hpp"
#include "sys/io_port.hpp"
#include <array>
#include <utility>

namespace device_manager {

class Ports {
    struct Range {
        u16 first, last;
        u32 owner; ///< program, or no_index
        u64 slot;
    };
    Own& own_;
    sys::IoPortControl control_;
    std::array<Range, 32> ranges_{};
    usize count_ = 0;
    u64 spare_slot_ = 0; ///< for the next range; 0: none

    Result<Range*> find(u16 first, u16 last)
    {
        for (usize i = 0; i < count_; ++i)
            if (ranges_[i].first == first && ranges_[i].last == last) return &ranges_[i];
        if (count_ == ranges_.size()) return Error::no_memory;
        if (spare_slot_ == 0) { // refused ranges cost none
            auto const slot = own_.slots.take_slots();
            if (!slot) return Error::no_memory;
            spare_slot_ = *slot;
        }
        auto const issued = control_.issue(first, last, own_.slot(spare_slot_));
        if (!issued) return refused(issued.error());
        ranges_[count_] = {first, last, composition::no_index, std::exchange(spare_slot_, 0)};
        return &ranges_[count_++];
    }

public:
    /// @param com1  a capability to the ports of the first serial line, which root has issued
    Ports(Own& own, sys::IoPortControl control, u64 com1) : own_{own}, control_{control}
    {
        if (com1 != 0) ranges_[count_++] = {0x3f8, 0x3ff, composition::no_index, com1};
    }

    /// For ourselves. Null when the range is not to be had: accesses through it then fail.
    sys::IoPort own(u16 first, u16 last)
    {
        if (auto const wider = containing(first);
            wider && containing(last).address() == wider.address())
            return wider;
        auto const range = find(first, last);
        return range ? sys::IoPort{(*range)->slot} : sys::IoPort{};
    }
    /// A copy for a driver, into `to`. @error slot_occupied  somebody has these ports
    Result<void> give(u16 first, u16 last, u32 program, sys::Slot to)
    {
        Range* const range = TRY(find(first, last));
        if (range->owner != composition::no_index && range->owner != program)
            return Error::slot_occupied;
        auto const copied = to.copy_from(own_.slot(range->slot));
        if (!copied) return refused(copied.error());
        range->owner = program;
        return {};
    }
    /// The range around `port`, among those that a driver has or had. Null: there is none.
    sys::IoPort containing(u16 port) const
    {
        for (usize i = 0; i < count_; ++i)
            if (port >= ranges_[i].first && port <= ranges_[i].last)
                return sys::IoPort{ranges_[i].slot};
        return {};
    }
    void release(u32 program)
    {
        for (usize i = 0; i < count_; ++i) {
            if (ranges_[i].owner != program) continue;
            (void)own_.slot(ranges_[i].slot).revoke();
            ranges_[i].owner = composition::no_index;
        }
    }
};

} // namespace device_manager
