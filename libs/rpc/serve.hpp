// The loop of every server: receive, dispatch, answer. Signals of the notification bound to the
// thread arrive at the same endpoint; their badges have signal_bit set, badges of clients do not.
#pragma once

#include "rpc/channel.hpp"

namespace rpc {

/// Set in the badge of every notification capability that signals a server, in no client's.
inline constexpr u64 signal_bit = u64{1} << 63;

/// Serves until `on_signal(badge)` returns false. `reply` holds the right to answer the call in
/// hand; nothing is kept unanswered.
template <class Protocol, class Server, class OnSignal>
int serve(Protocol protocol, Server& server, sys::Endpoint endpoint, sys::Reply reply,
          OnSignal&& on_signal)
{
    Message m;
    sys::Received received = endpoint.receive(reply);
    for (;;) {
        if (received.badge & signal_bit) {
            if (!on_signal(received.badge & ~signal_bit)) return 0;
            received = endpoint.receive(reply);
            continue;
        }
        from_kernel(received, m);
        dispatch(protocol, server, Client{received.badge}, m);
        received = endpoint.reply_receive(to_kernel(m), reply);
    }
}

/// The same for a server without signals: for ever.
template <class Protocol, class Server>
int serve(Protocol protocol, Server& server, sys::Endpoint endpoint, sys::Reply reply)
{
    return serve(protocol, server, endpoint, reply, [](u64) { return true; });
}

} // namespace rpc
