// What device-manager itself has: its CNode with the slots it gives out, and its way to the
// memory-manager. Everything else here is built on these two.
#pragma once

#include "protocol/handover.hpp"
#include "protocol/memory.hpp"
#include "rpc/capability_channel.hpp"
#include "rpc/serve.hpp"
#include "sys/endpoint.hpp"

namespace device_manager {

/// Slots handed out one after the other; what needs a slot again and again keeps it.
class Slots {
    u64 next_ = 0, end_ = 0;

public:
    Slots(u64 first, u64 end) : next_{first}, end_{end} {}
    /// The first of `count` consecutive empty slots. @error not_enough_memory
    sys::Result<u64> take_slots(u64 count = 1)
    {
        if (count > end_ - next_) return sys::Error{abi::ErrorCode::not_enough_memory};
        next_ += count;
        return next_ - count;
    }
};

struct Own {
    sys::CNode cnode;
    sys::Endpoint memory; ///< Call the memory-manager; may grant
    u64 space;            ///< our own, at the memory-manager
    u64 notification;     ///< slot of our own, unbadged
    Slots slots;
    u64 tsc_mhz;
    u64 tsc_hz, tsc_at_entry; ///< for the clock driver

    sys::Slot slot(u64 index) const { return cnode.slot(index); }
    template <class C> Result<typename C::Reply> ask(typename C::Args const& args) const
    {
        return rpc::call<memory::Memory, C>(rpc::Channel{memory}, args);
    }
    /// A capability to our notification that signals `bits`, in a slot of its own.
    sys::Result<sys::Notification> make_signal(u64 bits)
    {
        u64 const to = TRY(slots.take_slots());
        TRY(slot(to).mint_from(slot(notification), rpc::signal_bit | bits, sys::Rights::write));
        return sys::Notification{to};
    }
    /// Waits at least so long, one of our periods more at most. Others run meanwhile: our budget is
    /// less than our period (server.toml), and who gives it up waits for the next.
    void sleep_us(u64 microseconds) const
    {
        u64 const start = __builtin_ia32_rdtsc();
        while (__builtin_ia32_rdtsc() - start < microseconds * tsc_mhz) sys::yield();
    }
};

/// What the kernel refused, as an error of ours: it has no memory, or somebody has it already.
inline Error refused(sys::Error const& error)
{
    return error.code == abi::ErrorCode::not_enough_memory ? Error::no_memory
                                                           : Error::slot_occupied;
}

} // namespace device_manager
