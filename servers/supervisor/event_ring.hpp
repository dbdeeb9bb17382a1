// The kernel's event ring for one tracer: memory that the kernel writes scheduling and IPC events
// into and that a program with the right `monitor` reads. Made when it is first asked for.
#pragma once

#include "managed.hpp"
#include "slots.hpp"

namespace supervisor {

class EventRing {
public:
    EventRing(handover::Supervision const& given, Slots& slots) : given_{given}, slots_{slots} {}

    /// Lets the kernel write events and `reader`'s space read them at layout::events. Answers
    /// the ring's bytes.
    /// @error not_supported  the kernel has no trace points; no_memory
    /// @param instance  differs for each instance of each program
    Result<u64> attach(spawn::Process const& reader, u64 instance);
    /// The kernel writes no longer; what it wrote can still be read.
    Result<void> detach();
    /// For whom the kernel writes; 0: for nobody.
    u64 reader() const { return attached_ ? reader_ : 0; }

private:
    Result<void> make();
    sys::Endpoint memory() const { return sys::Endpoint{given_.memory_manager}; }

    handover::Supervision const& given_;
    Slots& slots_;
    u64 first_slot_ = 0; ///< of the memory and its frame
    sys::Frame frame_;
    bool attached_ = false;
    u64 reader_ = 0; ///< the instance that has it mapped; spaces' numbers come again
};

} // namespace supervisor
