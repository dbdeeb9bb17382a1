// Sockets of protocol `net` as objects: who has one has its number, and its end closes the socket.
// Each function queues a request and returns at once; the outcome comes from Client::next() under
// the request's cookie. Pieces and buffers named in a request are the server's until then.
//
// All have the errors of Client::submit: busy (no room now: go on at the next wake-up), absent (no
// server now), server_died (a server before this one had the socket).
#pragma once

#include "net/address.hpp"
#include "net/client.hpp"

namespace net {

/// What all kinds have: a number at a client. Only moved.
class Socket {
public:
    Socket() = default;
    Socket(Client& client, u32 number) : client_{&client}, number_{number} {}
    Socket(Socket&& other) noexcept
        : client_{std::exchange(other.client_, nullptr)}, number_{other.number_}
    {
    }
    Socket& operator=(Socket&& other) noexcept
    {
        std::swap(client_, other.client_);
        std::swap(number_, other.number_);
        return *this;
    }
    ~Socket()
    {
        if (client_ != nullptr) client_->drop_number(number_);
    }
    explicit operator bool() const { return client_ != nullptr; }
    u32 number() const { return number_; }

    /// Outcome::value is the port; 0: any that is free.
    Result<void> bind(Endpoint const& local, u64 cookie)
    {
        return submit(Operation::bind, {}, 0, cookie, local);
    }
    /// As Operation::close. Its outcome is the last of this socket, unless abort() follows.
    Result<void> close(u64 cookie) { return submit(Operation::close, {}, 0, cookie); }
    Result<void> abort(u64 cookie) { return submit(Operation::abort, {}, 0, cookie); }
    /// Ends what waits as `canceled`.
    Result<void> cancel(u64 cookie) { return submit(Operation::cancel, {}, 0, cookie); }
    Result<void> set(Option option, u32 value, u64 cookie)
    {
        return submit(Operation::option, {}, value, cookie, {{}, static_cast<u16>(option)});
    }

protected:
    static Result<u32> open(Client& client, Kind kind) { return client.open_number(kind); }
    Result<void> submit(Operation operation, Piece const& piece, u32 value, u64 cookie,
                        Endpoint const& endpoint = {})
    {
        Request request{};
        request.operation = operation;
        request.socket = number_;
        request.offset = piece.offset;
        request.bytes = piece.bytes;
        request.value = value;
        request.address = endpoint.address;
        request.port = endpoint.port;
        return client_->submit(request, cookie);
    }
    Client& client() const { return *client_; }

private:
    Client* client_ = nullptr;
    u32 number_ = 0;
};

/// TCP.
class Stream : public Socket {
public:
    using Socket::Socket;
    /// A new one, into `out`. @error no_memory, busy, absent
    static Result<void> open(Client& client, Stream& out, bool ipv6 = false)
    {
        u32 const number = TRY(Socket::open(client, ipv6 ? Kind::stream6 : Kind::stream4));
        out = Stream{client, number};
        return {};
    }
    Result<void> connect(Endpoint const& peer, u64 cookie)
    {
        return submit(Operation::connect, {}, 0, cookie, peer);
    }
    /// Outcome when the server has copied all of it.
    Result<void> send(Piece const& piece, u64 cookie)
    {
        return submit(Operation::send, piece, 0, cookie);
    }
    /// Outcome with 1 byte to all of the piece; with 0 at the end of the stream. An empty piece:
    /// outcome when there is something to receive, or the end.
    Result<void> receive(Piece const& piece, u64 cookie)
    {
        return submit(Operation::receive, piece, 0, cookie);
    }
    Result<void> shutdown(u64 cookie) { return submit(Operation::shutdown, {}, 0, cookie); }
};

class Listener : public Socket {
public:
    using Socket::Socket;
    static Result<void> open(Client& client, Listener& out, bool ipv6 = false)
    {
        u32 const number = TRY(Socket::open(client, ipv6 ? Kind::stream6 : Kind::stream4));
        out = Listener{client, number};
        return {};
    }
    Result<void> listen(u32 backlog, u64 cookie)
    {
        return submit(Operation::listen, {}, backlog, cookie);
    }
    /// The next connection will be `out`, usable from the outcome on. When `out` ends before, the
    /// connection that comes is closed.
    /// @param peer  empty, or where a Peer is written
    Result<void> accept(Stream& out, Piece const& peer, u64 cookie)
    {
        u32 const number = TRY(client().accept_number(this->number(), peer, cookie));
        out = Stream{client(), number};
        return {};
    }
};

/// UDP.
class Datagram : public Socket {
public:
    using Socket::Socket;
    static Result<void> open(Client& client, Datagram& out, bool ipv6 = false)
    {
        u32 const number = TRY(Socket::open(client, ipv6 ? Kind::datagram6 : Kind::datagram4));
        out = Datagram{client, number};
        return {};
    }
    /// Only datagrams of this peer are received from now on.
    Result<void> connect(Endpoint const& peer, u64 cookie)
    {
        return submit(Operation::connect, {}, 0, cookie, peer);
    }
    Result<void> send(Piece const& piece, u64 cookie)
    {
        return submit(Operation::send, piece, 0, cookie);
    }
    Result<void> send_to(Endpoint const& peer, Piece const& piece, u64 cookie)
    {
        return submit(Operation::send_to, piece, 0, cookie, peer);
    }
    /// The next datagram, or as much of it as fits: a Peer, then its bytes. Outcome::value is how
    /// many of them there are.
    Result<void> receive_from(Piece const& piece, u64 cookie)
    {
        return submit(Operation::receive_from, piece, 0, cookie);
    }
    /// Joins (or leaves) a multicast group.
    Result<void> join(Address const& group, bool joins, u64 cookie)
    {
        Option const option = joins ? Option::join : Option::leave;
        return submit(Operation::option, {}, 0, cookie, {group, static_cast<u16>(option)});
    }
};

} // namespace net
