// Endpoints, notifications and reply objects: sending and receiving. Words beyond the first four,
// and capabilities, are in the IPC buffer before and after.
#pragma once

#include "sys/cap.hpp"

namespace sys {

/// A message as it is sent: label, word count, capability count, and the words in registers.
struct Message {
    u64 label = 0;
    u64 words = 0; ///< 0 to 120
    u64 caps = 0;  ///< 0 to 3; the capabilities are in the IPC buffer
    u64 mr[4] = {};
};

/// A message that arrived, or a signal.
struct Received {
    u64 badge = 0;
    abi::MessageInfo info;
    u64 mr[4] = {};
};

namespace detail {

inline Registers load(Cap cap, Message const& m)
{
    return {cap.address(),
            abi::MessageInfo(m.label, 0, m.caps, m.words).word(),
            {m.mr[0], m.mr[1], m.mr[2], m.mr[3]}};
}
inline Received store(Registers const& io)
{
    return {io.cap_or_badge, abi::MessageInfo{io.info}, {io.mr[0], io.mr[1], io.mr[2], io.mr[3]}};
}

} // namespace detail

/// Holds the right to answer one call. One per message a server keeps unanswered.
class Reply : public Cap {
public:
    using Cap::Cap;
    /// Answers without receiving. Does nothing when there is nobody to answer.
    void send(Message const& m) const
    {
        auto io = detail::load(*this, m);
        syscall(abi::Syscall::send, io);
    }
};

/// Signals: one word of bits, set by the badges of those who signal.
class Notification : public Cap {
public:
    using Cap::Cap;
    /// @rights write
    void signal() const
    {
        Registers io{address(), 0, {}};
        syscall(abi::Syscall::send, io);
    }
    /// Blocks until something is signalled; returns the bits and clears them. @rights read
    u64 wait() const
    {
        Registers io{address(), 0, {}};
        syscall(abi::Syscall::wait, io);
        return io.cap_or_badge;
    }
    /// The same without blocking: 0 when nothing is signalled. @rights read
    u64 poll() const
    {
        Registers io{address(), 0, {}};
        syscall(abi::Syscall::nb_wait, io);
        return io.cap_or_badge;
    }
};

class Endpoint : public Cap {
public:
    using Cap::Cap;

    /// Sends and blocks for the answer. @rights write, and grant or grant reply
    Received call(Message const& m) const
    {
        auto io = detail::load(*this, m);
        syscall(abi::Syscall::call, io);
        return detail::store(io);
    }
    /// Sends; blocks until it is received. @rights write
    void send(Message const& m) const
    {
        auto io = detail::load(*this, m);
        syscall(abi::Syscall::send, io);
    }
    /// Sends if somebody waits, else drops the message. @rights write
    void try_send(Message const& m) const
    {
        auto io = detail::load(*this, m);
        syscall(abi::Syscall::nb_send, io);
    }
    /// Blocks for a message, or a signal of the notification bound to this thread (badge says
    /// which); `reply` takes the right to answer. @rights read
    Received receive(Reply reply) const
    {
        Registers io{address(), 0, {}};
        syscall(abi::Syscall::recv, io, reply.address());
        return detail::store(io);
    }
    /// The same without blocking: badge 0 and length 0 when there is nothing.
    Received try_receive(Reply reply) const
    {
        Registers io{address(), 0, {}};
        syscall(abi::Syscall::nb_recv, io, reply.address());
        return detail::store(io);
    }
    /// Answers through `reply`, then receives into it.
    Received reply_receive(Message const& answer, Reply reply) const
    {
        auto io = detail::load(*this, answer);
        syscall(abi::Syscall::reply_recv, io, reply.address());
        return detail::store(io);
    }
    /// Sends to `to` without blocking, then receives here: how a passive server starts waiting.
    Received send_receive(Cap to, Message const& m, Reply reply) const
    {
        auto io = detail::load(*this, m);
        syscall(abi::Syscall::nb_send_recv, io, reply.address(), to.address());
        return detail::store(io);
    }
};

/// Gives up the rest of the time slice.
inline void yield()
{
    Registers io;
    syscall(abi::Syscall::yield, io);
}

} // namespace sys
