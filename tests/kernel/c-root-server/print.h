/* Printing through the kernel's debug call, and TAP results ("Test Anything Protocol"). */
#pragma once

#include <sel4/sel4.h>

void print(char const* text);
void print_hex(seL4_Word value);
void print_number(seL4_Word value);

/* One TAP line; counts by itself. Returns `passed`. */
int tap(int passed, char const* what);
/* A TAP line for a call that should give this error, with what it gave instead. */
int tap_error(seL4_Word got, seL4_Word wanted, char const* what);
/* Failures so far, and lines so far. */
unsigned tap_failures(void);
unsigned tap_count(void);
