// Makes a program of the system description: space and mappings by the memory-manager, kernel
// objects of one untyped, a CNode filled with its grants, its arguments, a thread. The supervisor
// and (for the trusted base) root use it. Nothing is allocated: a maker has process_slots slots of
// its CSpace for each process, and one process is made at a time.
//
//     make(process, index, image)     all but the arguments' pages; the thread does not run
//     arguments().add(name, value)    what only the maker knows: device::Attach's values,
//     "parameter" start(process)                  writes the arguments and lets it run end(process)
//     everything it consisted of is gone; make() may follow
//
// A process keeps its untyped when it ends, so that its successor needs no memory that could be
// short; release() gives it back.
#pragma once

#include "composition/reader.hpp"
#include "runtime/arguments.hpp"
#include "spawn/image.hpp"
#include "spawn/uses.hpp"
#include "sys/tcb.hpp"
#include "sys/untyped.hpp"

namespace spawn {

/// Slots of the maker's CSpace that one process takes.
inline constexpr u64 process_slots = 16;

/// What the maker has of program i: unbadged, with all rights, in its own CSpace. 0: none.
struct Peer {
    u64 endpoint = 0, notification = 0;
};
/// Memory object i of the description, as the memory-manager made it. object 0: none.
struct SharedMemory {
    u64 object = 0, physical = 0;
};

/// The maker's own capabilities.
struct Authority {
    sys::CNode cnode; ///< its CSpace: a slot's index is its address
    sys::Tcb tcb;     ///< its own: may give priorities up to its maximum
    sys::SchedControl sched_control;
    sys::Endpoint memory; ///< badge memory::manager, with the right to grant
    u64 scratch;          ///< an empty slot
};

/// Why a program could not be made: at which step, and who said what.
struct Failure {
    char const* step = "";
    Error error = Error::ok;                          ///< of a server
    abi::ErrorCode kernel = abi::ErrorCode::no_error; ///< or of the kernel
};
template <class T> using Result = ::Result<T, Failure>;

/// An instance. The capabilities are in the maker's CSpace, from first_slot on; null when there is
/// no instance.
class Process {
public:
    Process() = default;
    explicit Process(u64 first_slot) : first_slot_{first_slot} {}

    bool exists() const { return space_ != 0; }
    u64 space() const { return space_; } ///< number at the memory-manager, and in fault badges
    u32 program() const { return program_; }
    sys::Tcb tcb() const { return sys::Tcb{at(Offset::tcb)}; }
    sys::SchedContext context() const { return sys::SchedContext{at(Offset::context)}; }
    /// Its CNode: `.slot(index, cnode_bits)` is a slot of the program (device::Attach wants it).
    sys::CNode cnode() const { return sys::CNode{at(Offset::cnode)}; }
    /// Reply object `index` (below the description's reply_count): whoever waits in it can be
    /// answered here when the program is dead.
    sys::Reply reply(u64 index) const { return sys::Reply{at(Offset::replies) + index}; }

    /// Its thread's number in the kernel event ring (abi/event_ring.hpp).
    u64 thread(composition::Program const& program) const;

    sys::Untyped untyped() const { return sys::Untyped{at(Offset::untyped)}; }
    sys::VSpace vspace() const { return sys::VSpace{at(Offset::vspace)}; }
    sys::Frame buffer() const { return sys::Frame{at(Offset::buffer)}; } ///< of its IPC buffer

private:
    friend class Maker;
    enum class Offset : u64 { untyped, vspace, cnode, tcb, context, buffer, replies = 8 };
    static_assert(static_cast<u64>(Offset::replies) + composition::max_replies <= process_slots);
    u64 at(Offset offset) const { return first_slot_ + static_cast<u64>(offset); }

    u64 first_slot_ = 0;
    u64 space_ = 0;
    u64 physical_ = 0; ///< address of the untyped
    u64 untyped_ = 0;  ///< number at the memory-manager; 0: none yet
    u32 program_ = composition::no_index;
};

class Maker {
public:
    /// The spans must outlive the maker; indices are those of the description. Without objects
    /// nothing shared is mapped: root has none, the supervisor maps what it shares by itself.
    Maker(Authority const& own, composition::Reader const& system, std::span<Peer const> peers,
          std::span<SharedMemory const> objects)
        : own_{own}, system_{&system}, peers_{peers}, objects_{objects}
    {
    }

    Authority const& authority() const { return own_; }

    /// Makes an instance of program `index` in `process`, which has none. After an error nothing of
    /// it is left.
    /// @param uses  which of its uses it gets; null: all
    Result<void> make(Process& process, u32 index, Image const& image, Uses const* uses = nullptr);
    /// For memory-manager, whose memory root provides: as make(), where root has put VSpace, frame
    /// of the IPC buffer and untyped into the process's slots for them, and mapped the image. The
    /// caller writes the arguments and resumes the thread.
    /// @param physical  address of the untyped
    Result<void> make_inside(Process& process, u32 index, u64 entry, u64 physical);
    /// The arguments of the process that make() made last: add to them before start().
    runtime::Arguments& arguments() { return arguments_; }
    /// Writes the arguments and starts the thread. After an error nothing of the process is left.
    Result<void> start(Process& process);
    /// Puts bytes into a process that does not run yet (what it is to find besides its arguments).
    Result<void> fill(Process const& process, u64 address, std::span<u8 const> bytes);
    /// Ends it: everything made for it is destroyed, its memory is the memory-manager's again. Does
    /// nothing when there is no instance. Who waits in its reply objects must be answered before.
    void end(Process& process);
    /// Gives the untyped of an ended process back.
    void release(Process& process);

private:
    sys::Slot slot(sys::Cap cap) const { return own_.cnode.slot(cap.address()); }
    void begin(Process&, u32 index);
    Result<void> make_space(Process&, composition::Program const&, Image const&);
    Result<void> take_untyped(Process&, composition::Program const&);
    Result<void> make_objects(Process&, composition::Program const&, u64 entry);
    Result<void> make_thread(Process&, composition::Program const&, u64 entry);
    Result<void> grant(Process&, composition::Program const&, composition::Grant const&);
    sys::Result<void> grant_capability(Process&, composition::Program const&,
                                       composition::Grant const&);
    bool add_size(char const* name, u64 bytes);

    Authority own_;
    composition::Reader const* system_;
    std::span<Peer const> peers_;
    std::span<SharedMemory const> objects_;
    runtime::Arguments arguments_{};
    Uses const* uses_ = nullptr; ///< of the process being made
    u64 replies_given_ = 0;      ///< to the process being made
};

} // namespace spawn
