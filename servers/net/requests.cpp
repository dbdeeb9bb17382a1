// Requests of clients: taken, checked, and given to who carries them out. See sockets.hpp.
#include "servers/net/sockets.hpp"

#include "servers/net/multicast.hpp"
#include "text/format.hpp"

namespace net_server {

Sockets* Sockets::self_ = nullptr;

Sockets::Sockets(Hooks const& hooks) : hooks_{hooks}
{
    self_ = this;
}

void Sockets::begin(program::Program const& self)
{
    u64 const clients = self.clients("net");
    u32 const share = WaitingTable::entries / static_cast<u32>(clients ? clients : 1);
    for (u64 i = 0; i < clients; ++i) add_client(self.client("net", i), Grant::of(self, i), share);
    lookups_.begin();
}

void Sockets::add_client(program::ClientEdge const& edge, Grant const& grant, u32 share)
{
    if (clients_ == max_clients) return;
    client_[clients_++].open(edge, grant, share, hooks_.now());
}

bool Sockets::run()
{
    bool idle = true;

    for (u32 i = 0; i < clients_; ++i) {
        Client& client = client_[(turn_ + i) % clients_];
        if (client.is_open) idle &= run_client(client);
    }
    turn_ = clients_ > 0 ? (turn_ + 1) % clients_ : 0;
    lookups_.run();

    for (u32 i = 0; i < clients_; ++i)
        if (client_[i].is_open) client_[i].tell();
    return idle;
}

bool Sockets::run_client(Client& client)
{
    Request request;
    u32 taken = 0;
    for (; taken < batch && client.take(request); ++taken) handle(client, request);
    u32 budget = bytes_in_turn;
    for (u32 n = 0; n < batch && budget > 0 && client.ready.first != nullptr; ++n) {
        u32 const tokens = client.bucket.open(hooks_.now());
        if (tokens == 0) break;
        u32 const moved = carry_on(*pop_ready(client), tokens < budget ? tokens : budget);
        client.bucket.take(moved);
        budget -= moved < budget ? moved : budget;
    }
    bool const waits = client.ready.first == nullptr || !client.bucket.open(hooks_.now());
    return taken < batch && waits;
}

bool Sockets::sleep()
{
    bool idle = true;
    for (u32 i = 0; i < clients_; ++i) {
        Client& client = client_[i];
        idle &= client.sleep();
        if (client.ready.first != nullptr && client.bucket.open(hooks_.now())) idle = false;
    }
    return idle;
}

u32 Sockets::deadline()
{
    u64 const now = hooks_.now();
    u64 least = lookups_.deadline();
    for (u32 i = 0; i < clients_; ++i)
        if (client_[i].ready.first != nullptr && !client_[i].bucket.open(now))
            if (u64 const at = now + client_[i].bucket.wait(); at < least) least = at;
    if (least == ~u64{0}) return ~u32{0};
    return least <= now ? 0 : static_cast<u32>((least - now + 999) / 1000);
}

void Sockets::handle(Client& client, Request const& request)
{
    if (request.operation > Operation::last) return client.answer(request, Status::bad_request);
    bool const place = request.operation != Operation::ping;
    if (place && client.arena(request.offset, request.bytes) == nullptr)
        return client.answer(request, Status::bad_request);
    if (request.operation == Operation::resolve) return lookups_.resolve(client, request);
    if (request.operation == Operation::ping) return lookups_.ping(client, request);
    if (request.operation == Operation::open) return open(client, request);
    if (request.socket == net::no_socket) {
        if (request.operation == Operation::abort) drop_all(client);
        if (request.operation == Operation::cancel) lookups_.cancel(client);
        bool const known =
            request.operation == Operation::abort || request.operation == Operation::cancel;
        return client.answer(request, known ? Status::ok : Status::bad_request);
    }
    bool const inside = request.socket < Client::max_sockets;
    Socket* const socket = inside ? client.socket[request.socket] : nullptr;
    if (socket == nullptr) return client.answer(request, Status::bad_request);
    handle_socket(client, *socket, request);
}

void Sockets::handle_socket(Client& client, Socket& socket, Request const& request)
{
    bool const dead = socket.state == Socket::State::over;
    switch (request.operation) {
    case Operation::bind:
        return bind(socket, request);
    case Operation::connect:
        return connect(socket, request);
    case Operation::listen:
        return listen(socket, request);
    case Operation::accept:
        return accept(socket, request);
    case Operation::send:
    case Operation::send_to:
    case Operation::shutdown:
        if (socket.closing) return client.answer(request, Status::closed);
        if (dead) return client.answer(request, socket.end);
        return queue(socket, socket.sends, request);
    case Operation::receive:
    case Operation::receive_from:
        if (socket.closing || (socket.stream != (request.operation == Operation::receive)))
            return client.answer(request, Status::bad_request);
        if (dead) return client.answer(request, socket.end);
        return queue(socket, socket.receives, request);
    case Operation::close:
        if (socket.closing) return client.answer(request, Status::bad_request);
        socket.closing = true;
        end_queue(socket, socket.receives, Status::canceled);
        return queue(socket, socket.sends, request);
    case Operation::abort:
        end_requests(socket, Status::canceled);
        close(socket, true);
        return client.answer(request, Status::ok);
    case Operation::cancel: {
        bool const connecting = socket.state == Socket::State::connecting;
        end_requests(socket, Status::canceled);
        if (connecting || socket.closing) close(socket, true);
        return client.answer(request, Status::ok);
    }
    case Operation::option:
        return set_option(socket, request);
    default:
        return client.answer(request, Status::bad_request);
    }
}

void Sockets::queue(Socket& socket, Queue& queue, Request const& request)
{
    u32 const index = waiting_.take(request);
    if (index == none) return socket.client->answer(request, Status::quota);
    queue.push(waiting_, index);
    ready(socket);
}

void Sockets::answer(Socket& socket, u32 index, Status status, u32 value)
{
    socket.client->answer(waiting_[index].request, status, value);
    waiting_.give(index);
}

void Sockets::end_queue(Socket& socket, Queue& queue, Status status)
{
    while (!queue.empty()) {
        u32 const index = queue.pop(waiting_);
        Request const& request = waiting_[index].request;
        if (request.operation == Operation::accept && request.value < Client::max_sockets)
            socket.client->reserved[request.value] = false;
        answer(socket, index, status, waiting_[index].done);
    }
}

void Sockets::end_requests(Socket& socket, Status status)
{
    if (socket.connect != none) answer(socket, std::exchange(socket.connect, none), status);
    end_queue(socket, socket.sends, status);
    end_queue(socket, socket.receives, status);
}

bool Sockets::allowed(Client& client, Rule::What what, u8 protocol, Address const& address,
                      u16 port)
{
    if (client.grant.allows(what, protocol, address, port)) return true;
    log_refusal(client, what, protocol, address, port);
    return false;
}

/// A line in a second at most; it says how many were left out.
void Sockets::log_refusal(Client& client, Rule::What what, u8 protocol, Address const& address,
                          u16 port)
{
    ++refused_;
    u64 const now = hooks_.now();
    if (logged_at_ != 0 && now - logged_at_ < 1'000'000) {
        ++unlogged_;
        return;
    }
    logged_at_ = now;
    text::Line<160> line;
    text::format(line, "client {}: no rule to {} ", &client - client_,
                 what == Rule::What::bind ? "bind" : "reach");
    line.write(protocol == tcp_protocol ? "tcp " : protocol == udp_protocol ? "udp " : "echo ");
    net::write_endpoint(line, {address, port});
    if (unlogged_ > 0) text::format(line, " ({} more refused)", std::exchange(unlogged_, 0));
    hooks_.log(line.view());
}

bool Sockets::may_bind(Socket& socket, Request const& request)
{
    u8 const protocol = socket.stream ? tcp_protocol : udp_protocol;
    // Any port: all that lwIP chooses from.
    constexpr u16 first_free = 49152, last_free = 65535;
    u16 const first = request.port ? request.port : first_free;
    u16 const last = request.port ? request.port : last_free;
    if (socket.client->grant.allows(Rule::What::bind, protocol, request.address, first, last))
        return true;
    log_refusal(*socket.client, Rule::What::bind, protocol, request.address, request.port);
    return false;
}

bool Sockets::may_reach(Socket& socket, Address const& address, u16 port)
{
    if (socket.allowed == address && socket.allowed_port == port && port != 0) return true;
    u8 const protocol = socket.stream ? tcp_protocol : udp_protocol;
    if (!allowed(*socket.client, Rule::What::reach, protocol, address, port)) return false;
    socket.allowed = address;
    socket.allowed_port = port;
    return true;
}

namespace {

void set_keep_alive(tcp_pcb& pcb, u32 seconds)
{
    pcb.so_options =
        static_cast<u8>(seconds ? pcb.so_options | SOF_KEEPALIVE : pcb.so_options & ~SOF_KEEPALIVE);
    pcb.keep_idle = (seconds < 86400 ? seconds : 86400) * 1000;
}

/// A socket leaves what it has joined, once.
bool change_membership(Socket& socket, Address const& group, bool joins)
{
    u32 at = 0;
    while (at < socket.groups && !(socket.group[at] == group)) ++at;
    bool const member = at < socket.groups;
    if (joins == member || (joins && socket.groups == Socket::max_groups)) return false;
    if (joins) {
        if (!join_group(group)) return false;
        socket.group[socket.groups++] = group;
    } else {
        leave_group(group);
        socket.group[at] = socket.group[--socket.groups];
    }
    return true;
}

} // namespace

void Sockets::set_option(Socket& socket, Request const& request)
{
    u32 const value = request.value;
    bool good = false;
    bool const connection =
        socket.stream && socket.tcp != nullptr && socket.state != Socket::State::listening;
    switch (static_cast<net::Option>(request.port)) {
    case net::Option::no_delay:
        if (!(good = connection)) break;
        if (value)
            tcp_nagle_disable(socket.tcp);
        else
            tcp_nagle_enable(socket.tcp);
        break;
    case net::Option::keep_alive:
        if ((good = connection)) set_keep_alive(*socket.tcp, value);
        break;
    case net::Option::hop_limit:
        good = value >= 1 && value <= 255 && (connection || socket.udp != nullptr);
        if (good) (connection ? socket.tcp->ttl : socket.udp->ttl) = static_cast<u8>(value);
        break;
    case net::Option::broadcast:
        if (!(good = socket.udp != nullptr)) break;
        socket.udp->so_options = static_cast<u8>(value ? socket.udp->so_options | SOF_BROADCAST
                                                       : socket.udp->so_options & ~SOF_BROADCAST);
        break;
    case net::Option::join:
    case net::Option::leave:
        if (socket.udp == nullptr) break;
        if (!allowed(*socket.client, Rule::What::reach, udp_protocol, request.address,
                     socket.udp->local_port))
            return socket.client->answer(request, Status::denied);
        good = change_membership(socket, request.address,
                                 request.port == static_cast<u16>(net::Option::join));
        break;
    case net::Option::receive_window:
        if ((good = socket.stream && value > 0)) set_window(socket, value);
        break;
    }
    socket.client->answer(request, good ? Status::ok : Status::bad_request);
}

} // namespace net_server
