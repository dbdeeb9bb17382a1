// In the kernel a violation is a panic. Host tests have a function of their own instead.
#include "check/check.hpp"
#include "debug/panic.hpp"

namespace mk::check {

void violated(char const* object, void const* address, char const* rule)
{
    panic("check: ", object, " ", Hex{reinterpret_cast<u64>(address)}, ": ", rule);
}

} // namespace mk::check
