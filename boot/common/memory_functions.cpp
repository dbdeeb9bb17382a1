// memcpy and its kin for programs without a C library: compilers call them whenever they like.
// One string instruction each: short, and fast on every CPU and emulator we run on.
#include "kit/types.hpp"

extern "C" {

void* memcpy(void* to, void const* from, usize size)
{
    void* at = to;
    asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size)::"memory");
    return to;
}

void* memset(void* to, int value, usize size)
{
    void* at = to;
    asm volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

void* memmove(void* to, void const* from, usize size)
{
    if (reinterpret_cast<uptr>(to) - reinterpret_cast<uptr>(from) >= size)
        return memcpy(to, from, size);
    auto* at = static_cast<u8*>(to) + size;
    auto const* source = static_cast<u8 const*>(from) + size;
    while (size-- > 0) *--at = *--source;
    return to;
}

int memcmp(void const* left, void const* right, usize size)
{
    auto const* a = static_cast<u8 const*>(left);
    auto const* b = static_cast<u8 const*>(right);
    for (usize i = 0; i < size; ++i)
        if (a[i] != b[i]) return a[i] - b[i];
    return 0;
}

usize strlen(char const* text)
{
    usize size = 0;
    while (text[size] != '\0') ++size;
    return size;
}

void* memchr(void const* in, int value, usize size)
{
    auto const* bytes = static_cast<u8 const*>(in);
    for (usize i = 0; i < size; ++i)
        if (bytes[i] == static_cast<u8>(value)) return const_cast<u8*>(bytes + i);
    return nullptr;
}
}
