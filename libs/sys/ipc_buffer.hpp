// The calling thread's IPC buffer: the variable of libsel4, so that C and C++ parts of a program
// share it. Set by the runtime for the first thread, by runtime::tls_make for others.
#pragma once

#include "abi/ipc_buffer.hpp"

struct seL4_IPCBuffer_;
extern "C" __thread seL4_IPCBuffer_* __sel4_ipc_buffer;

namespace sys {

inline abi::IpcBuffer& ipc_buffer()
{
    return *reinterpret_cast<abi::IpcBuffer*>(__sel4_ipc_buffer);
}

} // namespace sys
