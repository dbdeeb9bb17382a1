// One request as the caller sent it, and the plan that a decoder makes of it. Decoders are pure:
// they read the Invocation and kernel objects, and change nothing; performing a plan cannot fail.
#pragma once

#include "abi/labels.hpp"
#include "cap/error.hpp"
#include "cap/slot.hpp"
#include "sched/cpu_fwd.hpp"
#include <new>
#include <type_traits>

namespace mk {

/// Read-only view of a request. Words 0..3 come from registers, the others from the IPC buffer.
struct Invocation {
    Slot* slot; ///< where the invoked capability lies
    Cap cap;    ///< the invoked capability
    u64 label;
    unsigned length;    ///< message words
    u64 mr[4];          ///< words 0..3
    u64 const* buffer;  ///< the IPC buffer's msg array, or null (then length <= 4)
    unsigned cap_count; ///< extra capabilities
    Slot* caps[3];      ///< their slots, each found (may hold a null capability)
    Tcb* caller;        ///< for authority checks and "not on oneself" rules
    Cpu const* cpu;     ///< for limits and state that decoders read

    /// Message word n; 0 beyond the buffer. Decoders check `length` before (method table does).
    u64 word(unsigned n) const { return n < 4 ? mr[n] : (buffer ? buffer[n] : 0); }
};

/// How performing ended.
struct Performed {
    enum class Kind : u8 {
        done,      ///< reply with `length` words, which perform has put into the caller's registers
        preempted, ///< restart the system call later
        deferred,  ///< the caller's reply was or will be made elsewhere
    } kind = Kind::done;
    u8 length = 0;
    static Performed reply(u8 words) { return {Kind::done, words}; }
    static Performed preempted() { return {Kind::preempted, 0}; }
    static Performed deferred() { return {Kind::deferred, 0}; }
};

/// What a decoder found to be legal. Holds a small copyable struct and the function that does it:
///     return Plan::of<perform_retype>(RetypePlan{...});
///     Performed perform_retype(Cpu&, Tcb& caller, RetypePlan const&);
/// A function that answers nothing is done when it returns; the reply has no words then.
/// There is one plan at a time, performed or dropped before the next is made; so the struct lies in
/// one place, where the kernel lock guards it, and is not copied on its way.
class Plan {
    static constexpr usize capacity = 224; // TCB WriteRegisters carries a whole register set
    alignas(8) static inline constinit unsigned char payload[capacity] = {};
    using Runner = Performed (*)(Cpu&, Tcb&);
    Runner run_;

public:
    template <auto Perform, class T> static Plan of(T const& what)
    {
        return make<Perform, T>(what);
    }
    /// The same for T{parts...}, made where it stays.
    template <auto Perform, class T, class... Parts> static Plan make(Parts const&... parts)
    {
        static_assert(sizeof(T) <= capacity && std::is_trivially_copyable_v<T>);
        ::new (static_cast<void*>(payload)) T{parts...}; // memcpy would be a call here
        Plan plan;
        plan.run_ = [](Cpu& cpu, Tcb& caller) -> Performed {
            T const& what = *reinterpret_cast<T const*>(payload);
            if constexpr (!std::is_void_v<decltype(Perform(cpu, caller, what))>)
                return Perform(cpu, caller, what);
            else
                return Perform(cpu, caller, what), Performed{};
        };
        return plan;
    }
    Performed perform(Cpu& cpu, Tcb& caller) const { return run_(cpu, caller); }
};

using Decoder = Checked<Plan> (*)(Invocation const&);

} // namespace mk
