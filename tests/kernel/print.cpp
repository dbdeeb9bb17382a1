// Text and numbers as characters: see print.hpp.
#include "print.hpp"

namespace kt {

void print_one(char const* text)
{
    while (*text) put_char(*text++);
}

void print_one(Word value)
{
    char digits[21];
    usize at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print_one(digits + at);
}

void print_one(Hex hex)
{
    char digits[17];
    usize at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[hex.value & 15];
        hex.value >>= 4;
    } while (hex.value != 0);
    print("0x", digits + at);
}

} // namespace kt
