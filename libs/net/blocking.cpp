// See blocking.hpp.
#include "net/blocking.hpp"

namespace net {

namespace {

constexpr u32 chunk = 16 << 10; // bytes of a request to send or receive

} // namespace

void Blocking::wait()
{
    client_.wake_server();
    if (client_.sleep() && !waiter_.wait(deadline_)) given_up_ = true;
}

/// Whether there is no use in waiting on, and why.
bool Blocking::over(Status& why)
{
    why = given_up_ ? Status::canceled : Status::timed_out;
    return given_up_ || (deadline_ != Waiter::never && waiter_.now() >= deadline_);
}

Ended<void> Blocking::online()
{
    given_up_ = false;
    for (Outcome outcome;;) {
        // All of them: they tell whether the server is still the one that we know.
        if (client_.next(outcome)) continue;
        if (client_.online()) return {};
        Status why{};
        if (over(why)) return why;
        wait();
    }
}

template <class Function> Ended<u32> Blocking::run(Socket* socket, Function&& ask)
{
    given_up_ = false;
    u64 const cookie = first_cookie + ++count_;
    for (Outcome outcome;;) {
        Result<void> const asked = ask(cookie);
        if (asked) return outcome_of(socket, cookie);
        if (asked.error() != Error::busy) return Status::reset;
        Status why{};
        if (over(why)) return why;
        if (!client_.next(outcome)) wait();
    }
}

Ended<u32> Blocking::outcome_of(Socket* socket, u64 cookie)
{
    Status why = Status::ok;
    for (bool canceled = false;;) {
        for (Outcome outcome; client_.next(outcome);) {
            if (outcome.cookie != cookie) continue;
            if (outcome.status == Status::ok) return outcome.value;
            return canceled && outcome.status == Status::canceled ? why : outcome.status;
        }
        bool const late = canceled || over(why);
        if (late && !canceled) canceled = cancel(socket);
        client_.wake_server();
        if (!client_.sleep()) continue;
        // The outcome is near then: the server's answer, or its end.
        if (late)
            static_cast<void>(waiter_.wait(Waiter::never));
        else if (!waiter_.wait(deadline_))
            given_up_ = true;
    }
}

/// False: there is no room for the request now.
bool Blocking::cancel(Socket* socket)
{
    auto const asked = socket ? socket->cancel(first_cookie) : client_.cancel_lookups(first_cookie);
    return asked || asked.error() != Error::busy;
}

Ended<u32> Blocking::resolve(std::string_view name, u32 family, std::span<Address> out)
{
    if (auto const address = parse_address(name)) {
        bool const fits = family == 0 || (family == 4) == is_ipv4(*address);
        if (!fits || out.empty()) return Status::not_found;
        out[0] = *address;
        return 1u;
    }
    u32 const room = max_addresses * sizeof(Address);
    if (name.empty() || name.size() > 255) return Status::not_found;
    auto buffer = Buffer::take(client_.arena(), room > 255 ? room : 256);
    if (!buffer) return Status::quota;
    for (usize i = 0; i < name.size(); ++i) buffer->data()[i] = static_cast<u8>(name[i]);
    Piece const piece = buffer->piece(0, static_cast<u32>(name.size()));
    u32 const count =
        TRY(run(nullptr, [&](u64 cookie) { return client_.resolve(piece, family, cookie); }));
    u32 const most = count < max_addresses ? count : max_addresses;
    u32 const taken = most < out.size() ? most : static_cast<u32>(out.size());
    __builtin_memcpy(out.data(), buffer->data(), taken * sizeof(Address));
    return taken;
}

namespace {

template <class Kind> Ended<void> open_socket(Client& client, Endpoint const& endpoint, Kind& out)
{
    if (auto const opened = Kind::open(client, out, !is_ipv4(endpoint.address)); !opened)
        return opened.error() == Error::no_memory ? Status::quota : Status::reset;
    return {};
}

} // namespace

Ended<void> Blocking::bind(Socket& socket, Endpoint const& local)
{
    TRY(run(&socket, [&](u64 cookie) { return socket.bind(local, cookie); }));
    return {};
}

Ended<void> Blocking::listen(Endpoint const& local, Listener& out)
{
    Listener listener;
    if (auto const opened = open_socket(client_, local, listener); !opened) return opened.error();
    if (auto const bound = bind(listener, local); !bound) return bound.error();
    TRY(run(&listener, [&](u64 cookie) { return listener.listen(1, cookie); }));
    out = std::move(listener);
    return {};
}

Ended<void> Blocking::accept(Listener& listener, Stream& out)
{
    Stream stream;
    TRY(run(&listener, [&](u64 cookie) { return listener.accept(stream, {}, cookie); }));
    out = std::move(stream);
    return {};
}

Ended<void> Blocking::open(Endpoint const& local, Datagram& out)
{
    Datagram datagram;
    if (auto const opened = open_socket(client_, local, datagram); !opened) return opened.error();
    if (local.port != 0)
        if (auto const bound = bind(datagram, local); !bound) return bound.error();
    out = std::move(datagram);
    return {};
}

Ended<void> Blocking::connect(Endpoint const& peer, Stream& out)
{
    Stream stream;
    if (auto const opened = open_socket(client_, peer, stream); !opened) return opened.error();
    TRY(run(&stream, [&](u64 cookie) { return stream.connect(peer, cookie); }));
    out = std::move(stream);
    return {};
}

Ended<void> Blocking::send_all(Stream& stream, std::span<u8 const> data)
{
    u32 const size = data.size() < chunk ? static_cast<u32>(data.size()) : chunk;
    if (size == 0) return {};
    auto buffer = Buffer::take(client_.arena(), size);
    if (!buffer) return Status::quota;
    while (!data.empty()) {
        u32 const bytes = data.size() < size ? static_cast<u32>(data.size()) : size;
        __builtin_memcpy(buffer->data(), data.data(), bytes);
        TRY(run(&stream, [&](u64 cookie) { return stream.send(buffer->piece(0, bytes), cookie); }));
        data = data.subspan(bytes);
    }
    return {};
}

Ended<u32> Blocking::receive_some(Stream& stream, std::span<u8> out)
{
    u32 const size = out.size() < chunk ? static_cast<u32>(out.size()) : chunk;
    if (size == 0) return 0u;
    auto buffer = Buffer::take(client_.arena(), size);
    if (!buffer) return Status::quota;
    u32 const told =
        TRY(run(&stream, [&](u64 cookie) { return stream.receive(buffer->piece(), cookie); }));
    u32 const bytes = told < size ? told : size;
    __builtin_memcpy(out.data(), buffer->data(), bytes);
    return bytes;
}

Ended<void> Blocking::shutdown(Stream& stream)
{
    TRY(run(&stream, [&](u64 cookie) { return stream.shutdown(cookie); }));
    return {};
}

Ended<void> Blocking::abort(Socket& socket)
{
    TRY(run(&socket, [&](u64 cookie) { return socket.abort(cookie); }));
    return {};
}

Ended<u32> Blocking::ping(Address const& address, u32 bytes)
{
    return run(nullptr, [&](u64 cookie) { return client_.ping(address, bytes, cookie); });
}

} // namespace net
