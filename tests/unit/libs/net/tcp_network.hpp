// A network server for tests: the requests of the real client library end as a TCP server would end
// them, with peers that the test plays.
#pragma once

#include "protocol/net.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace net_rig {

using net::Operation;
using net::Request;
using net::Status;

/// A connection as its peer sees it.
struct Peer {
    std::string to_server, from_server;
    net::Address address{}; ///< its own
    u16 port = 0;
    bool ended = false;   ///< the peer sends nothing more
    bool aborted = false; ///< the peer is gone
    bool shut = false;    ///< the server has sent all
    bool closed = false;  ///< and has closed
    bool reset = false;   ///< or aborted, or closed with bytes unread
    bool reads = true;    ///< takes what the server sends
};

class Network {
    struct Socket {
        bool listens = false, ipv6 = false;
        std::deque<Request> accepts, receives, sends;
        std::shared_ptr<Peer> peer;
    };

    net::Shared& shared_;
    queue::Receiver<decltype(net::Shared::requests)> requests_{&shared_.requests};
    queue::Sender<decltype(net::Shared::events)> events_{&shared_.events};
    std::map<u32, Socket> sockets_;
    std::deque<std::shared_ptr<Peer>> arriving_;
    u32 epoch_;

public:
    Status bind_status = Status::ok, accept_status = Status::ok;
    u32 binds = 0;

    Network(net::Shared& shared, u32 max_sockets) : shared_{shared}, epoch_{shared.epoch.load() + 1}
    {
        requests_.drop_all();
        shared_.max_sockets.store(max_sockets);
        shared_.epoch.store(epoch_);
    }
    std::shared_ptr<Peer> connect()
    {
        arriving_.push_back(std::make_shared<Peer>());
        return arriving_.back();
    }
    usize open_sockets() const { return sockets_.size(); }

    /// Does what can be done.
    void run()
    {
        for (Request request; requests_.pop(request);)
            if (request.epoch == epoch_) take(request);
        for (auto& [number, socket] : sockets_) {
            if (socket.peer) move(socket);
            if (socket.listens && accept(number)) return run();
        }
    }

private:
    u8* at(Request const& request) const
    {
        return reinterpret_cast<u8*>(&shared_) + net::arena_offset + request.offset;
    }
    void end(Request const& request, Status status, u32 value = 0)
    {
        REQUIRE(events_.push({request.cookie, static_cast<u32>(status), value, epoch_, 0}));
    }
    void take(Request const& request)
    {
        if (request.operation == Operation::open) {
            REQUIRE(sockets_.count(request.socket) == 0);
            sockets_[request.socket].ipv6 = request.value == 1;
            return end(request, Status::ok);
        }
        if (request.operation == Operation::abort && request.socket == net::no_socket) {
            forget_client();
            return end(request, Status::ok);
        }
        auto const it = sockets_.find(request.socket);
        if (it == sockets_.end()) return end(request, Status::bad_request);
        take(request, it->second);
    }
    /// It begins anew: what a predecessor had ends, without a word to it.
    void forget_client()
    {
        for (auto& [number, socket] : sockets_)
            if (socket.peer) socket.peer->closed = socket.peer->reset = true;
        sockets_.clear();
        refuse_arriving();
    }
    /// Nobody listens any more to accept them.
    void refuse_arriving()
    {
        for (auto const& peer : arriving_) peer->closed = peer->reset = true;
        arriving_.clear();
    }
    void take(Request const& request, Socket& socket)
    {
        switch (request.operation) {
        case Operation::bind:
            ++binds;
            return end(request, bind_status);
        case Operation::listen:
            socket.listens = bind_status == Status::ok;
            return end(request, bind_status);
        case Operation::accept:
            if (accept_status != Status::ok) return end(request, accept_status);
            socket.accepts.push_back(request);
            return;
        case Operation::receive:
            socket.receives.push_back(request);
            return;
        case Operation::send:
        case Operation::shutdown:
            socket.sends.push_back(request);
            return;
        case Operation::option:
            return end(request, Status::ok);
        case Operation::close:
        case Operation::abort:
            return close(request, socket);
        default:
            FAIL("not asked for by a server");
        }
    }
    void close(Request const& request, Socket& socket)
    {
        bool const aborts = request.operation == Operation::abort;
        if (!aborts && !socket.sends.empty()) return socket.sends.push_back(request);
        for (auto* list : {&socket.accepts, &socket.receives, &socket.sends})
            for (Request const& each : *list) end(each, Status::canceled);
        if (socket.peer) {
            socket.peer->closed = socket.peer->shut = true;
            socket.peer->reset = aborts || !socket.peer->to_server.empty();
        }
        if (socket.listens && !socket.ipv6) refuse_arriving();
        end(request, Status::ok);
        sockets_.erase(request.socket);
    }
    bool accept(u32 listener)
    {
        Socket& socket = sockets_[listener];
        if (arriving_.empty() || socket.accepts.empty() || socket.ipv6) return false;
        Request const request = socket.accepts.front();
        socket.accepts.pop_front();
        REQUIRE(sockets_.count(request.value) == 0);
        auto const peer = arriving_.front();
        arriving_.pop_front();
        sockets_[request.value].peer = peer;
        net::Peer const who{peer->address, peer->port, 0, 0};
        if (request.bytes > 0) std::memcpy(at(request), &who, sizeof who);
        end(request, Status::ok);
        return true;
    }
    void move(Socket& socket)
    {
        Peer& peer = *socket.peer;
        while (!socket.receives.empty() &&
               (!peer.to_server.empty() || peer.ended || peer.aborted)) {
            Request const request = socket.receives.front();
            socket.receives.pop_front();
            if (peer.aborted) {
                end(request, Status::reset);
                continue;
            }
            auto const count =
                std::min<u32>(request.bytes, static_cast<u32>(peer.to_server.size()));
            std::copy_n(peer.to_server.data(), count, at(request));
            peer.to_server.erase(0, count);
            end(request, Status::ok, count);
        }
        while (!socket.sends.empty() && (peer.reads || peer.aborted)) {
            Request const request = socket.sends.front();
            socket.sends.pop_front();
            if (request.operation == Operation::close) {
                close(request, socket);
                return run(); // the socket is gone
            }
            if (peer.aborted) {
                end(request, Status::reset);
                continue;
            }
            if (request.operation == Operation::shutdown)
                peer.shut = true;
            else
                peer.from_server.append(reinterpret_cast<char const*>(at(request)), request.bytes);
            end(request, Status::ok, request.bytes);
        }
    }
};

} // namespace net_rig
