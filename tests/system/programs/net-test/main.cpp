// What hosts talk to in tests of the network (connection.hpp), over IPv4 and IPv6; datagrams to
// port 7 come back too, also those to two groups. Its sockets come again when the network server
// was replaced.
#include "connection.hpp"
#include "log/logger.hpp"

namespace {

using net_test::Connection;
using Service = Connection::Service;

constexpr u16 echo_port = 7, http_port = 8080;
constexpr u32 backlog = 16, datagram_bytes = 2048;
constexpr u64 ignored = ~u64{0};

/// A port, and how many connections it has at a time.
struct Port {
    Service service;
    bool ipv6;
    u32 connections;
};
constexpr Port ports[] = {{Service::http, false, 8},
                          {Service::http, true, 2},
                          {Service::echo, false, 6},
                          {Service::echo, true, 2}};
constexpr u32 port_count = 4, connection_count = 18;

/// Groups of its echo of datagrams: 239.77.7.7 and ff05::77:7.
constexpr net::Address group4 = net::ipv4(239, 77, 7, 7);
constexpr net::Address group6{{0xff, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x77, 0, 7}};

/// Sends back what came.
class DatagramEcho {
    net::Datagram socket_;
    net::Buffer buffer_;
    u64 cookie_ = 0;
    bool sending_ = false;

public:
    void begin(net::Client& client, bool ipv6, u64 cookie)
    {
        cookie_ = cookie;
        if (!buffer_)
            if (auto buffer = net::Buffer::take(client.arena(), datagram_bytes))
                buffer_ = std::move(*buffer);
        socket_ = {};
        if (net::Datagram::open(client, socket_, ipv6) &&
            socket_.bind({net::any_address, echo_port}, ignored) &&
            socket_.join(ipv6 ? group6 : group4, true, ignored))
            receive();
    }
    void on_outcome(net::Outcome const& outcome)
    {
        auto const* const peer = reinterpret_cast<net::Peer const*>(buffer_.data());
        if (!sending_ && outcome.status == net::Status::ok &&
            outcome.value <= buffer_.size() - sizeof *peer) {
            sending_ = true;
            (void)socket_.send_to({peer->address, peer->port},
                                  buffer_.piece(sizeof *peer, outcome.value), cookie_);
            return;
        }
        if (sending_ || outcome.status == net::Status::ok) receive();
    }

private:
    void receive()
    {
        sending_ = false;
        (void)socket_.receive_from(buffer_.piece(), cookie_);
    }
};

class Server {
    program::Program const& self_;
    logging::Logger log_{self_};
    net::Client::Tables<64, 64, 768 << 10> tables_;
    net::Client client_{self_.use("net"), tables_};
    net_test::Pattern pattern_;
    net::Listener listener_[port_count];
    Connection connection_[connection_count];
    DatagramEcho datagram_[2];
    u32 epoch_ = 0;

public:
    explicit Server(program::Program const& self) : self_{self}
    {
        u32 index = 0;
        for (auto const& port : ports)
            for (u32 i = 0; i < port.connections; ++i, ++index)
                connection_[index].set_up(client_, pattern_, port.service, index);
    }

    void on_signal(u64)
    {
        do {
            for (net::Outcome outcome; client_.next(outcome);) handle(outcome);
            if (client_.online() && epoch_ != client_.epoch()) listen();
            client_.wake_server();
        } while (!client_.sleep());
    }

private:
    void handle(net::Outcome const& outcome)
    {
        if (outcome.cookie < connection_count)
            return connection_[outcome.cookie].on_outcome(outcome);
        if (outcome.cookie < connection_count + 2)
            return datagram_[outcome.cookie - connection_count].on_outcome(outcome);
        if (outcome.status != net::Status::ok && client_.online())
            log_.error("a request to listen ended with {}", static_cast<u32>(outcome.status));
    }
    void listen()
    {
        epoch_ = client_.epoch();
        u32 index = 0;
        for (u32 p = 0; p < port_count; ++p) {
            auto const& port = ports[p];
            listener_[p] = {};
            bool const open =
                net::Listener::open(client_, listener_[p], port.ipv6) &&
                listener_[p].bind(
                    {net::any_address, port.service == Service::echo ? echo_port : http_port},
                    ignored) &&
                listener_[p].listen(backlog, ignored);
            if (!open) log_.error("no listener");
            for (u32 i = 0; i < port.connections; ++i, ++index)
                if (open) connection_[index].accept_from(listener_[p]);
        }
        for (u32 i = 0; i < 2; ++i) datagram_[i].begin(client_, i > 0, connection_count + i);
        log_.info("listening, server {}", epoch_);
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Server server{self};
    server.on_signal(0);
    program::serve_signals(self, server);
}
