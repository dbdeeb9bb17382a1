// The shell's own sockets: memory for them, and waiting as a command does, with Ctrl-C.
#pragma once

#include "net/blocking.hpp"
#include "servers/shell/shell.hpp"

namespace shell {

std::string_view status_text(net::Status status);
/// Text of a stranger: lines end as the console wants it, other control characters are blanks.
void write_lines(Session& out, std::string_view text);

class Network final : net::Waiter {
public:
    static constexpr u64 second = 1'000'000'000;

    /// The shell's, made when a command first wants it. Null after saying that there is no network.
    static Network* of(Shell& shell);

    /// Waits for the server, and gives all that follows `seconds` from now.
    net::Ended<void> begin(u64 seconds);
    /// The address that a word names, of family 4, 6 or 0.
    net::Ended<net::Address> find(std::string_view name, u32 family);
    /// Says why something failed. Always `failed`, or `interrupted`.
    int fail(std::string_view what, net::Status why);

    net::Client& client() { return client_; }
    net::Blocking& blocking() { return blocking_; }
    u64 now() override { return shell_.out.clock().now(); }

private:
    using Tables = net::Client::Tables<16, 64, 144 << 10>;
    explicit Network(Shell& shell, program::Use const& use, Tables& tables)
        : shell_{shell}, client_{use, tables}, blocking_{client_, *this}
    {
    }
    bool wait(u64 deadline) override { return shell_.out.wait_until(deadline); }

    Shell& shell_;
    net::Client client_;
    net::Blocking blocking_;
};

} // namespace shell
