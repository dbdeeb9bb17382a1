// Symbols that the compiler or libsel4's headers expect of a program: C++ support without
// exceptions or exit handlers, seL4's old boot information functions, failed assertions.
#include "runtime/runtime.hpp"

#include "abi/syscalls.hpp"

namespace {

void put(char c)
{
    // A release kernel does not know the call: the program ends here then, as it would anyway.
    u64 io = static_cast<u8>(c), info = 0;
    asm volatile("syscall"
                 : "+D"(io), "+S"(info)
                 : "d"(abi::Syscall::debug_put_char)
                 : "rcx", "r11", "r8", "r9", "r10", "r15", "memory");
}

void put(char const* text)
{
    while (*text) put(*text++);
}

void const* boot_info = nullptr;

} // namespace

extern "C" {

void* __dso_handle = nullptr;

/// Programs end by runtime::exit, which runs no destructors: there is nothing to register.
int __cxa_atexit(void (*)(void*), void*, void*);
int __cxa_atexit(void (*)(void*), void*, void*)
{
    return 0;
}

[[noreturn]] void __cxa_pure_virtual();
void __cxa_pure_virtual()
{
    __builtin_trap();
}

void seL4_InitBootInfo(void const* info);
void seL4_InitBootInfo(void const* info)
{
    boot_info = info;
}
void const* seL4_GetBootInfo();
void const* seL4_GetBootInfo()
{
    return boot_info;
}

[[gnu::weak, noreturn]] void __assert_fail(char const* text, char const* file, int line,
                                           char const* function);
void __assert_fail(char const* text, char const* file, int, char const* function)
{
    put("assertion failed: ");
    put(text);
    put(" in ");
    put(function);
    put(", ");
    put(file);
    put("\n");
    runtime::exit(134);
}

} // extern "C"
