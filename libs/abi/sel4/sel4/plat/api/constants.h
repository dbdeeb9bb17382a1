/* Constants of the PC platform: none, because the hardware debug interface is not configured. */
#pragma once

#include <sel4/config.h>
