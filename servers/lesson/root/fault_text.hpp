// A fault message in plain words: what the program did that the kernel or the CPU did not allow.
#pragma once

#include "console.hpp"
#include "program.hpp"
#include "sys/endpoint.hpp"

namespace root {

/// Prints "program 'x' read address 0x... which is not mapped", without an end of line. Must be
/// called before anything else uses the IPC buffer: long fault messages lie there. [seL4 Reference
/// Manual, "Faults"]
void print_fault(Console& console, Program const& program, sys::Received const& fault);

} // namespace root
