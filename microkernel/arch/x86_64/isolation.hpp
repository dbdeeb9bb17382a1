// Page-table isolation: user page tables without the kernel in them, for CPUs with Meltdown, where
// user code can read by speculation whatever is mapped. Switched by the kernel's command line:
//   page-table-isolation=on|off|auto     auto, the default: on an Intel CPU that does not say it is
//                                        immune
// Built from: trampoline.hpp, the isolated half of entry.S, kernel_space.cpp, descriptors.cpp.
// docs/decisions/007-page-table-isolation.md says why so.
#pragma once

#include <string_view>

namespace mk {

/// Whether it is on. Constant after init_isolation().
extern "C" bool isolated;

/// Decides, and says so in the log. `wish`: the option's value or nothing; panics at any other.
/// After init_features(), before init_syscall_entry() and init_kernel_space().
void init_isolation(std::string_view wish);

} // namespace mk
