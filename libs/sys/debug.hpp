// Debug calls of the kernel. A release kernel does not have them and raises UnknownSyscall faults:
// programs that must run there print through the console server instead.
#pragma once

#include "sys/cap.hpp"

namespace sys::debug {

inline void put(char c)
{
    Registers io{static_cast<u8>(c), 0, {}};
    syscall(abi::Syscall::debug_put_char, io);
}
inline void put(char const* text)
{
    while (*text) put(*text++);
}
inline void put_hex(u64 value)
{
    put("0x");
    int shift = 60;
    while (shift > 0 && value >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}
inline void put_number(u64 value)
{
    char digits[21] = {};
    char* first = digits + 20;
    do *--first = static_cast<char>('0' + value % 10);
    while ((value /= 10) > 0);
    put(first);
}
/// Ends the machine's run, with the kernel's last words.
inline void halt()
{
    Registers io;
    syscall(abi::Syscall::debug_halt, io);
}
/// 0 for an empty slot, something else for a capability.
inline u64 identify(Cap cap)
{
    Registers io{cap.address(), 0, {}};
    syscall(abi::Syscall::debug_cap_identify, io);
    return io.cap_or_badge;
}
/// Names a thread for the kernel's dumps. Uses the IPC buffer.
inline void name_thread(Cap tcb, char const* name)
{
    char* const to = reinterpret_cast<char*>(ipc_buffer().msg);
    usize n = 0;
    for (; name[n] && n < sizeof ipc_buffer().msg - 1; ++n) to[n] = name[n];
    to[n] = 0;
    Registers io{tcb.address(), 0, {}};
    syscall(abi::Syscall::debug_name_thread, io);
}

} // namespace sys::debug
