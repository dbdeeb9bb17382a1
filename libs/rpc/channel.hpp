// rpc messages over a kernel endpoint: between rpc::Message and message registers.
#pragma once

#include "rpc/rpc.hpp"
#include "sys/endpoint.hpp"

namespace rpc {

/// Puts what does not fit into registers into the IPC buffer.
inline sys::Message to_kernel(Message const& m)
{
    sys::Message out{m.label, m.words, 0, {}};
    for (usize i = 0; i < m.words; ++i)
        (i < abi::msg_registers ? out.mr[i] : sys::ipc_buffer().msg[i]) = m.word[i];
    return out;
}

/// The message that arrived. Its words are copied out of the IPC buffer, so that nobody can change
/// them after they were checked.
inline void from_kernel(sys::Received const& received, Message& m)
{
    m.label = received.info.label();
    m.words = received.info.length(); // at most max_words
    for (usize i = 0; i < m.words; ++i)
        m.word[i] = i < abi::msg_registers ? received.mr[i] : sys::ipc_buffer().msg[i];
}

/// A client's end of an endpoint.
struct Channel {
    sys::Endpoint endpoint;
    void call(Message& m) const { from_kernel(endpoint.call(to_kernel(m)), m); }
};

} // namespace rpc
