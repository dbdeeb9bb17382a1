// What host tests can set and see of the machine below the kernel (arch.cpp) and of the kernel
// parts that a test leaves out (kernel.cpp).
#pragma once

#include "cap/cap.hpp"
#include "sched/cpu_fwd.hpp"
#include <cstdlib>
#include <cstring>
#include <vector>

namespace fake {

/// The machine. Assign `fake::machine = {}` at the start of a test.
struct Machine {
    static constexpr u64 never = ~u64{0};
    u64 interrupt_after = never; ///< looks at interrupt_pending() before the answer becomes yes
    u64 interrupt_checks = 0;
    u64 bytes_cleared = 0;
    u64 longest_clear = 0;
    u64 clock = 0, deadline = 0;
    u64 irq_masked = 0; ///< interrupts 0..63
};
inline Machine machine;

/// What the fake kernel parts were asked to do.
struct Kernel {
    std::vector<mk::Cap> finalised; ///< last capabilities, in order
    u64 cancelled_badge = 0;
    unsigned cancel_calls = 0, pml4s = 0, contexts = 0;
};
inline Kernel kernel;

inline void reset()
{
    machine = {};
    kernel = {};
}

/// A Cpu to pass on; nothing looks inside.
mk::Cpu& cpu();
/// A thread to pass on.
mk::Tcb& thread();

/// RAM full of garbage, aligned to its size.
class Memory {
    void* start_;
    unsigned bits_;

public:
    explicit Memory(unsigned bits)
        : start_{std::aligned_alloc(usize{1} << bits, usize{1} << bits)}, bits_{bits}
    {
        std::memset(start_, 0xa5, usize{1} << bits);
    }
    Memory(Memory const&) = delete;
    ~Memory() { std::free(start_); }
    u64 physical() const { return reinterpret_cast<u64>(start_); }
    unsigned bits() const { return bits_; }
    template <class T> T* at(u64 offset) const { return reinterpret_cast<T*>(physical() + offset); }
};

} // namespace fake
