// Requests that have been taken from a client and not answered yet: one table for all clients, each
// with its share of it, linked into the queues of sockets.
#pragma once

#include "net/index_list.hpp"
#include "protocol/net.hpp"

namespace net_server {

using net::Operation;
using net::Request;
using net::Status;

struct Waiting {
    Request request; ///< as it was copied from the ring, once
    u32 done;        ///< bytes of it
    u32 next;
};

class WaitingTable {
public:
    static constexpr u32 entries = 6144, none = net::IndexList::none;

    Waiting& operator[](u32 index) { return entry_[index]; }
    /// None: the table is full.
    u32 take(Request const& request)
    {
        u32 const index = free_.take();
        if (index != none) entry_[index] = {request, 0, none};
        return index;
    }
    void give(u32 index) { free_.give(index); }

private:
    Waiting entry_[entries] = {};
    u32 next_free_[entries] = {};
    net::IndexList free_{next_free_};
};

/// First in, first out.
struct Queue {
    u32 first = WaitingTable::none, last = WaitingTable::none;

    bool empty() const { return first == WaitingTable::none; }
    void push(WaitingTable& table, u32 index)
    {
        table[index].next = WaitingTable::none;
        if (empty())
            first = index;
        else
            table[last].next = index;
        last = index;
    }
    /// Takes the first out; it is still the table's.
    u32 pop(WaitingTable& table)
    {
        u32 const index = first;
        first = table[index].next;
        return index;
    }
};

} // namespace net_server
