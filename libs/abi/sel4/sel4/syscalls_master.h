/* Sources of the non-MCS interface do not compile against this kernel: it is MCS only. */
#pragma once

#error "the kernel is MCS only: include sel4/sel4.h"
