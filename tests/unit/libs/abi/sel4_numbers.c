/* The C names have the pinned numbers, checked by the compiler; C++ and our own constants are
 * checked by numbers.cpp. */
#include <sel4/sel4.h>
#include <stddef.h>

#define FACT(name, value)                                                                          \
    _Static_assert((long)(name) == (value), #name " is not what programs were built with");
#include "sel4_numbers.inc"

/* Kept so that numbers.cpp can see that this file was compiled and linked. */
extern int const sel4_numbers_checked_as_c;
int const sel4_numbers_checked_as_c = 1;
