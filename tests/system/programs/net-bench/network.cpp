// See network.hpp.
#include "tests/system/programs/net-bench/network.hpp"

namespace bench {

void Network::wait()
{
    client_.wake_server();
    if (client_.sleep()) self_.wake().wait();
}

net::Outcome Network::outcome()
{
    net::Outcome it{};
    while (!client_.next(it)) wait();
    return it;
}

void Network::drain()
{
    while (client_.in_flight() > 0) (void)outcome();
}

bool Network::configure(net::Address const& own)
{
    using netconf::GetInterface, netconf::SetAddress, netconf::State, netconf::Netconf;
    auto const fixed = static_cast<u32>(netconf::Method::fixed);
    for (bool set = false;;) {
        auto const it = program::call<Netconf, GetInterface>(self_, netconf_, {0});
        if (it && (*it).state == static_cast<u32>(State::up) && set) return start();
        if (it && !set) {
            SetAddress::Args const args{0, fixed, 24, own, {}, {}};
            if (!program::call<Netconf, SetAddress>(self_, netconf_, args)) return false;
            set = true;
            continue;
        }
        self_.wake().wait(); // net says when anything has changed
    }
}

bool Network::start()
{
    net::Outcome ignored{};
    while (!client_.online())
        if (!client_.next(ignored)) wait();
    for (net::Piece& it : buffer_) {
        auto const taken = client_.arena().take(chunk);
        if (!taken) return false;
        it = *taken;
    }
    return true;
}

bool Network::connect(net::Stream& stream, net::Endpoint const& host)
{
    if (!net::Stream::open(client_, stream) || !stream.connect(host, 0)) return false;
    if (!succeeded() || !stream.set(net::Option::no_delay, 1, 0) || !succeeded()) return false;
    return stream.set(net::Option::receive_window, 1 << 20, 0) && succeeded();
}

bool Network::connect(net::Datagram& socket, net::Endpoint const& host)
{
    return net::Datagram::open(client_, socket) && socket.connect(host, 0) && succeeded();
}

net::Piece Network::piece(u32 index, u64 bytes) const
{
    return {buffer_[index % depth].offset, bytes < chunk ? static_cast<u32>(bytes) : chunk};
}

bool Network::send(net::Stream& stream, u64 bytes)
{
    u32 asked = 0, done = 0;
    while (bytes > 0 || done < asked) {
        if (bytes > 0 && asked - done < depth) {
            net::Piece const next = piece(asked, bytes);
            if (!stream.send(next, 0)) return false;
            bytes -= next.bytes;
            ++asked;
            continue;
        }
        if (!succeeded()) return false;
        ++done;
    }
    client_.wake_server();
    return true;
}

/// Never asks for more than is to come, so nothing is under way at the end.
bool Network::receive(net::Stream& stream, u64 bytes)
{
    u64 asked = 0; // bytes in requests under way
    u32 next = 0;
    while (bytes > 0) {
        while (asked < bytes && asked < u64{depth} * chunk) {
            net::Piece const it = piece(next++, bytes - asked);
            if (!stream.receive(it, it.bytes)) return false;
            asked += it.bytes;
        }
        net::Outcome const it = outcome();
        if (it.status != net::Status::ok || it.value == 0) return false;
        asked -= it.cookie;
        bytes -= it.value;
    }
    return true;
}

bool Network::send_words(net::Stream& stream, std::span<u32 const> words)
{
    __builtin_memcpy(client_.arena().data(buffer_[0].offset), words.data(), words.size_bytes());
    return send(stream, words.size_bytes());
}

bool Network::exchange(net::Datagram& socket, u32 bytes)
{
    enum : u64 { received, sent };
    if (!socket.receive_from(piece(0), received) || !socket.send(piece(1, bytes), sent))
        return false;
    for (u32 ended = 0; ended < 2; ++ended) {
        net::Outcome const it = outcome();
        if (it.status != net::Status::ok) return false;
        if (it.cookie == received && it.value != bytes) return false;
    }
    return true;
}

} // namespace bench
