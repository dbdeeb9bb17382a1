// A fault message in plain words: what a program did that the kernel or the CPU did not allow.
// [seL4 Reference Manual, "Faults"]
#pragma once

#include "abi/faults.hpp"
#include "kit/text.hpp"
#include "sys/endpoint.hpp"
#include <span>

namespace fault {

/// A fault message, copied so that no further system call can overwrite its words.
struct Message {
    abi::FaultLabel label{};
    u64 word[abi::unknown_syscall::length] = {};
    /// Words that it has not are 0. Must be called before anything else uses the IPC buffer: long
    /// messages lie there.
    static Message of(sys::Received const& received);
};

using Text = kit::Text<200>;
/// "read address 0x... which is not mapped (instruction at 0x...)": goes behind a program's name.
/// @param guard_pages  addresses of unmapped pages that a stack ends at
Text in_words(Message const& fault, std::span<u64 const> guard_pages = {});

} // namespace fault
