/* See print.h. */
#include "print.h"

static unsigned count, failures;

void print(char const* text)
{
    while (*text) seL4_DebugPutChar(*text++);
}

void print_hex(seL4_Word value)
{
    print("0x");
    int shift = 60;
    while (shift > 0 && value >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) seL4_DebugPutChar("0123456789abcdef"[value >> shift & 15]);
}

void print_number(seL4_Word value)
{
    char digits[21];
    int i = 20;
    digits[i] = 0;
    do digits[--i] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    print(digits + i);
}

int tap(int passed, char const* what)
{
    count++;
    if (!passed) failures++;
    print(passed ? "ok " : "not ok ");
    print_number(count);
    print(" - ");
    print(what);
    print("\n");
    return passed;
}

int tap_error(seL4_Word got, seL4_Word wanted, char const* what)
{
    if (tap(got == wanted, what)) return 1;
    print("#   error ");
    print_number(got);
    print(" instead of ");
    print_number(wanted);
    print(", words ");
    for (int i = 0; i < 4; i++) {
        print_hex(seL4_GetMR(i));
        print(" ");
    }
    print("\n");
    return 0;
}

unsigned tap_failures(void)
{
    return failures;
}
unsigned tap_count(void)
{
    return count;
}
