// For host tests of and with the kernel's checks: a violation is an exception; nothing is logged,
// and there are no debug calls.
#include "check/check.hpp"
#include "api/debug_syscall.hpp"
#include "debug/log.hpp"

#include <stdexcept>
#include <string>

namespace mk {

bool debug_syscall(Cpu&, abi::Syscall)
{
    return false;
}

namespace log_detail {
void begin_line() {}
void end_line() {}
void put(char const*) {}
void put(char) {}
} // namespace log_detail

namespace check {
void violated(char const* object, void const*, char const* rule)
{
    throw std::runtime_error{std::string{object} + ": " + rule};
}
} // namespace check

} // namespace mk
