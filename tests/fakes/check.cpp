// For host tests of and with the kernel's checks: a violation is an exception, and there are no
// debug calls. What the checks log goes where panic.cpp keeps it.
#include "check/check.hpp"
#include "api/debug_syscall.hpp"

#include <stdexcept>
#include <string>

namespace mk {

bool debug_syscall(Cpu&, abi::Syscall)
{
    return false;
}

namespace check {
void violated(char const* object, void const*, char const* rule)
{
    throw std::runtime_error{std::string{object} + ": " + rule};
}
} // namespace check

} // namespace mk
