// User registers by number, in the order of seL4_UserContext: rip rsp rflags rax rbx rcx rdx rsi
// rdi rbp r8..r15 fs_base gs_base. Writing makes every value safe to load; a rip that is not
// canonical is kept, and the thread gets the CPU's exception for it when it would run.
#pragma once

#include "object/tcb.hpp"

namespace mk {

inline constexpr unsigned user_register_count = 20;

/// Register i (< 20). "rip" is where the thread would restart.
u64 read_register(Context& context, unsigned i);
/// Writes register i; rip also becomes the place to go on at. rflags and addresses are sanitised.
void write_register(Context& context, unsigned i, u64 value);

} // namespace mk
