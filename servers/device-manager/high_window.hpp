// Where device-manager sees physical memory above 4 GiB: pages of a small window, handed out as
// they are asked for. Pure: device_memory.cpp maps what it says.
#pragma once

#include "kit/types.hpp"
#include <array>

namespace device_manager {

class HighWindow {
public:
    static constexpr usize pages = 64;
    static constexpr u64 page_bytes = 4096;
    static constexpr usize none = pages;

    /// The first of the window's pages that show [physical, + bytes): those that have it already,
    /// else free ones, which have it from now on. Both are whole pages; physical is not 0. `none`
    /// when there is no room.
    usize take(u64 physical, u64 bytes)
    {
        u64 const count = bytes / page_bytes;
        if (count == 0 || count > pages) return none;
        // All of the window is looked at first: what is mapped somewhere is mapped nowhere else.
        for (usize first = 0; first + count <= pages; ++first)
            if (shows(first, count, physical)) return first;
        for (usize first = 0; first + count <= pages; ++first) {
            if (!is_free(first, count)) continue;
            for (usize n = 0; n < count; ++n) shown_[first + n] = physical + n * page_bytes;
            return first;
        }
        return none;
    }
    /// What is shown of [physical, + bytes) is shown no more.
    void release(u64 physical, u64 bytes)
    {
        for (u64& it : shown_)
            if (it >= physical && it - physical < bytes) it = 0;
    }

private:
    bool shows(usize first, u64 count, u64 physical) const
    {
        for (usize n = 0; n < count; ++n)
            if (shown_[first + n] != physical + n * page_bytes) return false;
        return true;
    }
    bool is_free(usize first, u64 count) const
    {
        for (usize n = 0; n < count; ++n)
            if (shown_[first + n] != 0) return false;
        return true;
    }

    std::array<u64, pages> shown_{}; // physical addresses; 0: free
};

} // namespace device_manager
