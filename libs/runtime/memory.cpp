// memcpy, memmove, memset, memcmp and strlen: the compiler calls them even in freestanding code.
// `rep movsb` and `rep stosb`: short, and fast on every CPU since Ivy Bridge (Intel optimisation
// manual, "Enhanced REP MOVSB and STOSB"). A loop in C would be turned back into a call of itself.
#include "kit/types.hpp"

extern "C" {

void* memcpy(void* __restrict to, void const* __restrict from, usize size)
{
    void* cursor = to;
    asm volatile("rep movsb" : "+D"(cursor), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void* memmove(void* to, void const* from, usize size)
{
    if (reinterpret_cast<uptr>(to) - reinterpret_cast<uptr>(from) >= size)
        return memcpy(to, from, size); // the target does not begin inside the source
    u8* last_to = static_cast<u8*>(to) + size - 1;
    u8 const* last_from = static_cast<u8 const*>(from) + size - 1;
    asm volatile("std; rep movsb; cld" : "+D"(last_to), "+S"(last_from), "+c"(size) : : "memory");
    return to;
}

void* memset(void* to, int value, usize size)
{
    void* cursor = to;
    asm volatile("rep stosb" : "+D"(cursor), "+c"(size) : "a"(value) : "memory");
    return to;
}

int memcmp(void const* left, void const* right, usize size)
{
    u8 const volatile* a = static_cast<u8 const volatile*>(left);
    u8 const volatile* b = static_cast<u8 const volatile*>(right);
    for (; size > 0; --size, ++a, ++b)
        if (int const difference = *a - *b; difference != 0) return difference;
    return 0;
}

void* memchr(void const* in, int value, usize size)
{
    auto const* cursor = static_cast<u8 const volatile*>(in);
    for (; size > 0; --size, ++cursor)
        if (*cursor == static_cast<u8>(value)) return const_cast<u8*>(cursor);
    return nullptr;
}

usize strlen(char const* text)
{
    char const volatile* end = text;
    while (*end) end = end + 1;
    return static_cast<usize>(end - text);
}

} // extern "C"
