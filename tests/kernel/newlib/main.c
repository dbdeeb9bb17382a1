/* A root server that uses the C library: printf with all common conversions, malloc, qsort, strings
 * and floating point, in TAP. Shows that ported C code builds and runs. */
#include <limits.h>
#include <math.h>
#include <sel4/sel4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count, failures;

static void tap(int passed, char const* what)
{
    if (!passed) failures++;
    printf("%s %d - %s\n", passed ? "ok" : "not ok", ++count, what);
}

static int ascending(void const* left, void const* right)
{
    int a = *(int const*)left, b = *(int const*)right;
    return (a > b) - (a < b);
}

static void check_printf(void)
{
    char text[80];
    snprintf(text, sizeof text, "%d %s %x %5.2f|%-4c|%llu %p", -7, "text", 0xbeef, 3.14159, 'c',
             ULLONG_MAX, (void*)0x10);
    tap(strcmp(text, "-7 text beef  3.14|c   |18446744073709551615 0x10") == 0,
        "printf formats numbers, text, floating point and pointers");
    printf("# %s\n", text);
}

static void check_heap(void)
{
    enum { NUMBERS = 1000 };
    int* numbers = malloc(NUMBERS * sizeof *numbers);
    tap(numbers != NULL, "malloc gives memory");
    if (!numbers) return;
    unsigned state = 1;
    for (int i = 0; i < NUMBERS; i++) {
        state = state * 1103515245u + 12345u;
        numbers[i] = (int)(state >> 16 & 0x7fff);
    }
    qsort(numbers, NUMBERS, sizeof *numbers, ascending);
    int sorted = 1;
    for (int i = 1; i < NUMBERS; i++) sorted &= numbers[i - 1] <= numbers[i];
    tap(sorted, "qsort sorts 1000 numbers");
    free(numbers);
    /* volatile: Clang knows malloc, and leaves out one whose memory nobody uses. */
    void* volatile too_much = malloc(64u << 20);
    tap(too_much == NULL, "malloc of more than the heap fails and nothing else does");
    int all = 1;
    for (int i = 0; i < 10000; i++) {
        char* block = malloc(500);
        all &= block != NULL;
        free(block);
    }
    tap(all, "freed memory is used again");
}

int main(int argc, char** argv)
{
    printf("1..8\n");
    tap(argc == 1 && argv[0] && !argv[1], "main gets its name and no arguments");
    check_printf();
    check_heap();
    tap(strtol("-0x7b", NULL, 16) == -123 && atoi("42") == 42, "numbers are read");
    double volatile two = 2.0;
    tap(fabs(sqrt(two) * sqrt(two) - two) < 1e-12, "the maths library works");
    printf("# %d failed\n# done\n", failures);
    fflush(stdout);
    seL4_DebugHalt();
    return failures != 0;
}
