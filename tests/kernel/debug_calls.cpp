// What the tests ask of debug system calls: the serial line (print.hpp), the end of the machine,
// and what is in a slot (harness.hpp). A release kernel does not have them.
#include "harness.hpp"

namespace kt {

void put_char(char character)
{
    seL4_DebugPutChar(character);
}

void end_machine()
{
    seL4_DebugHalt();
}

bool is_empty(Slot slot)
{
    return seL4_DebugCapIdentify(slot) == 0;
}

} // namespace kt
