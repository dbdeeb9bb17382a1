// Makes kernel objects out of one untyped and puts their capabilities into consecutive slots of the
// root server's CNode. There is one of these for the root itself and one for each program: revoking
// the program's untyped gives back, at one stroke, every object and capability it consisted of.
#pragma once

#include "abi/object_type.hpp"
#include "sys/untyped.hpp"

namespace root {

/// Our own CSpace: a slot's index is its address.
inline constexpr sys::CNode own_cnode{abi::slot_init_thread_cnode};

class Objects {
    sys::Untyped memory_;
    u64 first_ = 0, next_ = 0, end_ = 0; // slots
    u64 bytes_ = 0;

public:
    Objects() = default;
    Objects(sys::Untyped memory, u64 first_slot, u64 end_slot)
        : memory_{memory}, first_{first_slot}, next_{first_slot}, end_{end_slot}
    {
    }

    /// Takes `count` consecutive empty slots; returns the first.
    /// @error not_enough_memory  no slots left
    sys::Result<u64> take_slots(u64 count = 1)
    {
        if (count > end_ - next_) return sys::Error{abi::ErrorCode::not_enough_memory};
        next_ += count;
        return next_ - count;
    }

    /// Makes one object. `bits` as in Untyped.retype.
    /// @error not_enough_memory  no slots or no memory left
    template <class T> sys::Result<T> make(abi::ObjectType type, u64 bits = 0)
    {
        u64 const slot = TRY(take_slots());
        TRY(memory_.retype(type, bits, own_cnode.slot(slot)));
        bytes_ += u64{1} << abi::object_bits(type, bits);
        return T{slot};
    }

    /// Memory that the objects made so far take.
    u64 bytes() const { return bytes_; }

    /// Destroys everything made here, in whatever hands it is, and empties the slots.
    sys::Result<void> destroy()
    {
        TRY(own_cnode.slot(memory_.address()).revoke());
        // Capabilities in our slots that came from elsewhere (copies of shared frames).
        for (u64 slot = first_; slot < next_; ++slot) TRY(own_cnode.slot(slot).remove());
        next_ = first_;
        bytes_ = 0;
        return {};
    }
};

} // namespace root
