// See faults.hpp.
#include "faults.hpp"

namespace injector {

FaultTable const volatile fault_table = {
    {'f', 'a', 'u', 'l', 't', 's', ' ', 't', 'o', ' ', 'i', 'n', 'j', 'e', 'c', 't'}, 0, 0, {}, {}};

} // namespace injector
