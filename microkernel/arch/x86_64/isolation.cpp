// See isolation.hpp. Called from boot/main.cpp.
// Source: Intel SDM vol. 4, IA32_ARCH_CAPABILITIES; vol. 2, "CPUID".
#include "isolation.hpp"

#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "descriptors.hpp"
#include "features.hpp"

namespace mk {

constinit bool isolated = false;

void init_isolation(std::string_view wish)
{
    bool const by_cpu = wish.empty() || wish == "auto";
    if (!by_cpu && wish != "on" && wish != "off") panic("page-table-isolation is on, off or auto");
    isolated = by_cpu ? features.meltdown : wish == "on";
    if (isolated) isolate_descriptors();
    log("cpu", "page-table isolation ", isolated ? "on: " : "off: ",
        !by_cpu             ? "the command line says so"
        : features.meltdown ? "this CPU may have Meltdown"
                            : "this CPU does not have Meltdown");
}

} // namespace mk
