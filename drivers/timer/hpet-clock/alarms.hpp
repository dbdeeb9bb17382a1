// Who wants to be woken when: one deadline for each client, in nanoseconds since boot.
#pragma once

#include "kit/types.hpp"

namespace alarms {

inline constexpr u64 none = 0;

template <usize Clients> class Alarms {
    u64 deadline_[Clients] = {};

public:
    static constexpr usize clients = Clients;

    /// Replaces the client's deadline; `none` takes it back.
    void set(usize client, u64 deadline) { deadline_[client] = deadline; }
    /// The earliest, or none.
    u64 next() const
    {
        u64 earliest = none;
        for (u64 const each : deadline_)
            if (each != none && (earliest == none || each < earliest)) earliest = each;
        return earliest;
    }
    /// Takes each deadline that is not after `now` back and says `ring(client)`.
    template <class Ring> void ring_due(u64 now, Ring&& ring)
    {
        for (usize client = 0; client < Clients; ++client) {
            if (deadline_[client] == none || deadline_[client] > now) continue;
            deadline_[client] = none;
            ring(client);
        }
    }
};

} // namespace alarms
