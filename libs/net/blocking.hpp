// The network for programs that do one thing after the other, as a shell's commands do: each
// function waits until it is done, its deadline, or the Waiter's end.
#pragma once

#include "net/socket.hpp"

namespace net {

/// How the program waits.
class Waiter {
public:
    static constexpr u64 never = ~u64{0};

    /// Waits for any signal, or until `deadline` (nanoseconds since boot). False: the program wants
    /// to give up (Ctrl-C).
    virtual bool wait(u64 deadline) = 0;
    /// Nanoseconds since boot.
    virtual u64 now() = 0;

protected:
    ~Waiter() = default;
};

template <class T> using Ended = Result<T, Status>;

/// One request at a time; others of the same client may be under way, under cookies below
/// first_cookie, if their outcomes may be lost.
class Blocking {
public:
    static constexpr u64 first_cookie = u64{1} << 63;

    Blocking(Client& client, Waiter& waiter) : client_{client}, waiter_{waiter} {}

    /// Every function's time from here on. @param deadline  nanoseconds since boot
    void set_deadline(u64 deadline) { deadline_ = deadline; }

    // @error reset      no server, or it died
    // @error timed_out  the deadline
    // @error canceled   the Waiter gave up
    // @error quota      no room in the arena, or no socket is left
    // and what protocol/net.hpp says of the operation.

    /// Waits for a server.
    Ended<void> online();
    /// Up to `out.size()` addresses of a name, or the one that it is. Returns how many.
    /// @param family  4, 6 or 0
    Ended<u32> resolve(std::string_view name, u32 family, std::span<Address> out);
    Ended<void> connect(Endpoint const& peer, Stream& out);
    /// A listener at a port of ours, of the address's family; connections are taken by accept().
    Ended<void> listen(Endpoint const& local, Listener& out);
    Ended<void> accept(Listener& listener, Stream& out);
    /// A socket for datagrams at a port of ours; 0: at one that is free when something is sent.
    Ended<void> open(Endpoint const& local, Datagram& out);
    Ended<void> send_all(Stream& stream, std::span<u8 const> data);
    Ended<void> send_all(Stream& stream, std::string_view data)
    {
        return send_all(stream, {reinterpret_cast<u8 const*>(data.data()), data.size()});
    }
    /// 1 byte or more; 0: the end of the stream.
    Ended<u32> receive_some(Stream& stream, std::span<u8> out);
    Ended<void> shutdown(Stream& stream);
    /// Ends a socket at once, and whatever of it is under way: its buffers are free again.
    Ended<void> abort(Socket& socket);
    /// Time of an echo in microseconds.
    Ended<u32> ping(Address const& address, u32 bytes);

private:
    /// Asks until there is room for the request, and waits for its outcome. With a deadline or a
    /// Waiter that is over it is canceled: the outcome comes all the same.
    Ended<void> bind(Socket& socket, Endpoint const& local);
    template <class Function> Ended<u32> run(Socket* socket, Function&& ask);
    Ended<u32> outcome_of(Socket* socket, u64 cookie);
    bool cancel(Socket* socket);
    bool over(Status& why);
    void wait();

    Client& client_;
    Waiter& waiter_;
    u64 deadline_ = Waiter::never;
    u64 count_ = 0;
    bool given_up_ = false; ///< the Waiter wants to, since the last request began
};

} // namespace net
