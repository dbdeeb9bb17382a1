// Page-table isolation: user page tables without the kernel in them. The comment below is its page
// in docs/kernel-api/extensions, made by scripts/gen/api_pages.py.
// Built from: trampoline.hpp, the isolated half of entry.S, kernel_space.cpp, descriptors.cpp.
// docs/decisions/007-page-table-isolation.md says why so.
#pragma once

#include <string_view>

namespace mk {

/// Keeps the kernel out of user page tables, for CPUs with Meltdown, where user code can read by
/// speculation whatever is mapped. A switch on the kernel's command line:
///
///     page-table-isolation=on       on
///     page-table-isolation=off      off
///     page-table-isolation=auto     on if this is an Intel CPU that does not say it is immune
///
/// - `auto` is also what is done without the option. Any other value is a panic at boot.
/// - The log says which it is and why: `hypercore: cpu page-table isolation off: this CPU does not
///   have Meltdown`.
/// - No program can tell by the interface: all methods, faults and messages are the same. What
///   entries and exits cost is a column of the [README's table](README.md#what-it-costs).
/// - User code can still read by speculation what the CPU needs to come into the kernel: descriptor
///   tables, the code of the entry, and rip, rsp and flags of the last trap. Against other
///   weaknesses of that kind nothing is done ([caveats](docs/caveats.md#security)).
///
/// Example: a machine that shall be safe whatever its CPU says of itself:
///
///     scripts/run --cmdline page-table-isolation=on
///
/// How it is built: [entry](docs/architecture/entry.md#page-table-isolation).
extern "C" bool isolated;

/// Decides, and says so in the log. `wish`: the option's value or nothing; panics at any other.
/// After init_features(), before init_syscall_entry() and init_kernel_space().
void init_isolation(std::string_view wish);

} // namespace mk
