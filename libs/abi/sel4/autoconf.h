/* Name under which seL4 builds publish their configuration; the macros are in sel4/config.h. */
#pragma once

#include <sel4/config.h>
