/* Nothing common to all x86: see the 64-bit header. */
#pragma once

#include <sel4/sel4_arch/simple_types.h>
