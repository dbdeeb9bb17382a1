// A client's memory, divided among what holds it: its sockets, and the datagrams that wait for a
// card. Each holding may always be as large as the floor, whatever the others are: floors of all
// sockets that the client may have take two thirds of its memory at most. What they leave is
// common: a holding grows above its floor while there is some. So a peer that takes nothing, or
// connections that nobody reads, stop themselves and whoever needs more than its floor, and nobody
// else.
#pragma once

#include "kit/types.hpp"

namespace net_server {

class Quota {
    u32 floor_ = 0, common_ = 0;
    u32 above_ = 0; // of what is held, above the floors
    u32 held_ = 0;

    u32 own(u32 holding) const { return holding < floor_ ? floor_ - holding : 0; }
    u32 over(u32 holding) const { return holding > floor_ ? holding - floor_ : 0; }

public:
    static constexpr u32 largest_floor = 16 << 10;

    Quota() = default;
    /// @param bytes    of the pool
    /// @param sockets  that the client may have
    Quota(u32 bytes, u32 sockets)
    {
        u32 const share = bytes / 3 * 2 / (sockets > 0 ? sockets : 1);
        floor_ = share < largest_floor ? share : largest_floor;
        u64 const floors = (u64{sockets} + 1) * floor_;
        common_ = floors < bytes ? static_cast<u32>(bytes - floors) : 0;
    }

    u32 floor() const { return floor_; }
    u32 held() const { return held_; }
    /// What one holding can be at most, with nobody else.
    u32 largest() const { return floor_ + common_; }
    /// Bytes by which a holding of so many may grow now.
    u32 room(u32 holding) const { return own(holding) + (common_ - above_); }
    /// The same for what has arrived: it leaves a quarter of the common part to what is sent, so
    /// that a client which reads only what it can answer does not wait for itself.
    u32 room_to_read(u32 holding) const
    {
        u32 const most = common_ - common_ / 4;
        return own(holding) + (above_ < most ? most - above_ : 0);
    }
    /// Whether those that wait for the common part are worth waking.
    bool is_roomy() const { return common_ - above_ >= common_ / 4 && above_ < common_; }

    /// A holding becomes `bytes`; when it grows there was room.
    void change(u32& holding, u32 bytes)
    {
        above_ = above_ - over(holding) + over(bytes);
        held_ = held_ - holding + bytes;
        holding = bytes;
    }
};

} // namespace net_server
