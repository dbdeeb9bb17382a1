// Hardware addresses of the groups that an interface listens to, for the device's filter. More than
// it can hold: all groups.
#pragma once

#include "protocol/nic.hpp"

namespace net_server {

class MulticastFilter {
public:
    using Mac = u8 const[6];

    void add(Mac& group)
    {
        for (Entry& each : entry_)
            if (each.users > 0 && same(each.group, group)) {
                ++each.users;
                return;
            }
        for (Entry& each : entry_) {
            if (each.users > 0) continue;
            each.users = 1;
            __builtin_memcpy(each.group, group, 6);
            return;
        }
        ++beyond_;
    }
    void remove(Mac& group)
    {
        for (Entry& each : entry_)
            if (each.users > 0 && same(each.group, group)) {
                --each.users;
                return;
            }
        if (beyond_ > 0) --beyond_;
    }
    /// @param plain  as in nic::Wanted
    void show(nic::Wanted& wanted, bool up, bool plain) const
    {
        u32 count = 0;
        for (Entry const& each : entry_)
            if (each.users > 0) __builtin_memcpy(wanted.multicast[count++], each.group, 6);
        wanted.multicast_count.store(count, std::memory_order_relaxed);
        wanted.all_multicast.store(beyond_ > 0, std::memory_order_relaxed);
        wanted.promiscuous.store(0, std::memory_order_relaxed);
        wanted.plain.store(plain, std::memory_order_relaxed);
        wanted.up.store(up, std::memory_order_relaxed);
        wanted.sequence.fetch_add(1, std::memory_order_release);
    }

private:
    struct Entry {
        u8 group[6];
        u16 users;
    };
    static bool same(u8 const (&left)[6], Mac& right)
    {
        return __builtin_memcmp(left, right, 6) == 0;
    }
    Entry entry_[nic::max_multicast] = {};
    u32 beyond_ = 0;
};

} // namespace net_server
