/* Widths of the parts of a CNode guard word and of a badge. */
#pragma once

#define seL4_GuardSizeBits 6
#define seL4_GuardBits 58
#define seL4_BadgeBits 64
