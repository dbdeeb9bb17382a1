// The end: says why, shows registers and the way here, and stops. No program but the
// root server can cause a panic, by a fault of its own that nobody is there to handle; any other is
// a bug in the kernel or broken hardware or firmware.
#pragma once

#include "arch_context.hpp"
#include "debug/log.hpp"

namespace mk {

namespace panic_detail {
void begin();
/// `context`: registers at the fault, or null: those of the caller of panic().
[[noreturn]] void finish(Context const* context);
[[noreturn]] void assertion_failed(char const* condition, char const* file, unsigned line);
} // namespace panic_detail

/// Prints `hypercore: panic: <parts>`, a backtrace, and ends the run as a failure.
template <class... Parts> [[noreturn]] void panic(Parts const&... parts)
{
    panic_detail::begin();
    (log_detail::put(parts), ...);
    log_detail::end_line();
    panic_detail::finish(nullptr);
}

/// The same for a fault in the kernel, with the registers of that moment.
template <class... Parts> [[noreturn]] void panic(Context const& context, Parts const&... parts)
{
    panic_detail::begin();
    (log_detail::put(parts), ...);
    log_detail::end_line();
    panic_detail::finish(&context);
}

} // namespace mk

/// What must hold if the kernel is right. Costs nothing in release builds.
#if HYPERCORE_RELEASE
#define KASSERT(condition) static_cast<void>(sizeof(!(condition)))
#else
#define KASSERT(condition)                                                                         \
    (static_cast<bool>(condition)                                                                  \
         ? static_cast<void>(0)                                                                    \
         : ::mk::panic_detail::assertion_failed(#condition, __FILE__, __LINE__))
#endif
