// The command nc: what is typed goes out line by line, what comes is shown, over TCP or UDP.
#include "servers/shell/network.hpp"

namespace shell {

namespace {

/// What is talked over: one of the two is open.
struct Line {
    net::Stream stream;
    net::Datagram datagram;
    net::Endpoint peer{}; ///< of datagrams; port 0: whoever sends the first one

    bool is_udp() const { return bool{datagram}; }
    Result<void> receive(net::Piece const& piece, u64 cookie)
    {
        return is_udp() ? datagram.receive_from(piece, cookie) : stream.receive(piece, cookie);
    }
    Result<void> send(net::Piece const& piece, u64 cookie)
    {
        return is_udp() ? datagram.send_to(peer, piece, cookie) : stream.send(piece, cookie);
    }
};

/// The line and the keyboard at a time.
class Talk {
    Shell& shell_;
    Network& network_;
    Line& line_;
    net::Buffer& in_;
    net::Buffer& out_;
    text::Line<512> typed_;
    bool receiving_ = false, sending_ = false, ended_ = false;
    net::Status why_ = net::Status::ok;
    enum Cookie : u64 { received = 1, sent = 2, shut = 3 };

public:
    Talk(Shell& shell, Network& network, Line& line, net::Buffer& in, net::Buffer& out)
        : shell_{shell}, network_{network}, line_{line}, in_{in}, out_{out}
    {
    }
    int run()
    {
        for (;;) {
            for (net::Outcome outcome{}; network_.client().next(outcome);) take(outcome);
            if (ended_) break;
            if (!receiving_) receiving_ = bool{line_.receive(in_.piece(), received)};
            if (!keyboard()) return interrupted;
            if (ended_) break;
            network_.client().wake_server();
            if (network_.client().sleep() && !shell_.out.typed()) shell_.out.wait();
        }
        return why_ == net::Status::ok ? 0 : network_.fail("nc", why_);
    }

private:
    void take(net::Outcome const& outcome)
    {
        if (outcome.cookie == sent) sending_ = false;
        if (outcome.cookie == received) {
            receiving_ = false;
            if (outcome.status == net::Status::ok) show(outcome.value);
            ended_ |= !line_.is_udp() && outcome.value == 0;
        }
        bool const bad = outcome.status != net::Status::ok && outcome.cookie <= shut;
        if (bad) why_ = outcome.status;
        ended_ |= bad;
    }
    void show(u32 bytes)
    {
        u8 const* data = in_.data();
        u32 room = in_.size();
        if (line_.is_udp()) {
            net::Peer from;
            __builtin_memcpy(&from, data, sizeof from);
            if (line_.peer.port == 0) line_.peer = {from.address, from.port};
            bool const known = line_.peer.address == from.address && line_.peer.port == from.port;
            if (!known) return;
            data += sizeof from;
            room -= u32{sizeof from};
        }
        if (bytes > room) bytes = room;
        write_lines(shell_.out, {reinterpret_cast<char const*>(data), bytes});
    }
    /// False: Ctrl-C. Ctrl-D: nothing more will be sent.
    bool keyboard()
    {
        u8 byte = 0;
        while (!sending_ && !ended_ && shell_.out.try_read(byte)) {
            if (byte == 3) return false;
            if (byte == 4) {
                end_of_input();
            } else if (byte == '\r' || byte == '\n') {
                shell_.out.write("\r\n");
                typed_.write('\n');
                send();
            } else if (byte == 0x7f || byte == 8) {
                typed_.clear(); // the line anew
                shell_.out.write("\r\x1b[K");
            } else if (byte >= ' ') {
                typed_.write(static_cast<char>(byte));
                shell_.out.write({reinterpret_cast<char const*>(&byte), 1});
            }
        }
        return true;
    }
    /// Datagrams have no end: it is the command's.
    void end_of_input()
    {
        if (line_.is_udp())
            ended_ = true;
        else
            static_cast<void>(line_.stream.shutdown(shut));
    }
    void send()
    {
        auto const bytes = static_cast<u32>(typed_.view().size());
        __builtin_memcpy(out_.data(), typed_.view().data(), bytes);
        typed_.clear();
        if (line_.is_udp() && line_.peer.port == 0) {
            shell_.out.write("nobody has sent anything yet\r\n");
            return;
        }
        sending_ = bool{line_.send(out_.piece(0, bytes), sent)};
    }
};

net::Address any_address(bool six)
{
    return six ? net::Address{} : net::ipv4(0, 0, 0, 0);
}

/// Waits at our port, for a connection or, by UDP, in the talk itself.
net::Ended<void> wait_at(Network& network, net::Endpoint const& local, bool udp, Line& line)
{
    if (udp) return network.blocking().open(local, line.datagram);
    net::Listener listener;
    if (auto const listens = network.blocking().listen(local, listener); !listens)
        return listens.error();
    network.blocking().set_deadline(net::Waiter::never);
    return network.blocking().accept(listener, line.stream);
}

net::Ended<void> go_to(Network& network, std::string_view host, u16 port, bool udp, Line& line)
{
    auto const address = network.find(host, 0);
    if (!address) return address.error();
    line.peer = {*address, port};
    if (!udp) return network.blocking().connect(line.peer, line.stream);
    return network.blocking().open({any_address(!net::is_ipv4(*address)), 0}, line.datagram);
}

} // namespace

int nc(Shell& shell, Words& words)
{
    bool const udp = words.take("-u"), waits = words.take("-l"), six = words.take("-6");
    if (words.count != (waits ? 2 : 3) || (six && !waits)) return wrong_use;
    auto const port = net::parse_port(words[words.count - 1]);
    if (!port) return wrong_use;
    Network* const network = Network::of(shell);
    if (network == nullptr) return failed;
    if (auto const online = network->begin(30); !online)
        return network->fail(words[1], online.error());
    Line line;
    auto const open = waits ? wait_at(*network, {any_address(six), *port}, udp, line)
                            : go_to(*network, words[1], *port, udp, line);
    if (!open) return network->fail(words[1], open.error());
    auto in = net::Buffer::take(network->client().arena(), 4096);
    auto out = net::Buffer::take(network->client().arena(), 512);
    if (!in || !out) return network->fail(words[1], net::Status::quota);
    int const status = Talk{shell, *network, line, *in, *out}.run();
    // From here on the buffers are ours.
    network->blocking().set_deadline(network->now() + 5 * Network::second);
    if (udp)
        static_cast<void>(network->blocking().abort(line.datagram));
    else
        static_cast<void>(network->blocking().abort(line.stream));
    return status;
}

} // namespace shell
