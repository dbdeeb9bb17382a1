// The network of net-bench: one thing after the other, but several requests of a stream under way.
#pragma once

#include "net/socket.hpp"
#include "protocol/netconf.hpp"

namespace bench {

inline constexpr u32 chunk = 64 << 10; ///< bytes of a request, as Linux's peer hands them over
inline constexpr u32 depth = 4;        ///< requests of a stream under way

class Network {
public:
    explicit Network(program::Program const& self) : self_{self} {}

    /// Gives the first card that has a driver its address and waits until its link is up.
    bool configure(net::Address const& own);
    /// Opens and connects. Both false when the server says no.
    bool connect(net::Stream& stream, net::Endpoint const& host);
    bool connect(net::Datagram& socket, net::Endpoint const& host);

    // Streams. The bytes are whatever lies in the arena.
    bool send(net::Stream& stream, u64 bytes);
    bool receive(net::Stream& stream, u64 bytes);
    /// A few bytes of our own, which are sent.
    bool send_words(net::Stream& stream, std::span<u32 const> words);

    /// A datagram there, and one back.
    bool exchange(net::Datagram& socket, u32 bytes);

    /// Until no request is under way.
    void drain();

private:
    net::Outcome outcome();
    bool succeeded() { return outcome().status == net::Status::ok; }
    void wait();
    bool start();
    net::Piece piece(u32 index, u64 bytes = chunk) const;

    static constexpr u32 requests = 16;
    using Tables = net::Client::Tables<8, requests, 384 << 10>;

    program::Program const& self_;
    program::Use use_ = self_.use("net"), netconf_ = self_.use("netconf");
    Tables tables_{};
    net::Client client_{use_, tables_};
    net::Piece buffer_[depth] = {};
};

} // namespace bench
