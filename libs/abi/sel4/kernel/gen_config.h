/* Name under which seL4 builds publish the kernel's configuration: see sel4/config.h. */
#pragma once

#include <sel4/config.h>
