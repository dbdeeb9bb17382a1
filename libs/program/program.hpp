// What a program of the system begins with: its arguments as typed capabilities, its edges to the
// programs it uses and serves, and the loop in which it spends its life. Names of arguments:
// docs/architecture/system.md, "What a program finds".
#pragma once

#include "program/system_page.hpp"
#include "rpc/channel.hpp"
#include "rpc/serve.hpp"
#include "runtime/arguments.hpp"
#include "runtime/runtime.hpp"

namespace program {

/// A client's end of an edge to a server. What the protocol does not have is null.
struct Use {
    sys::Endpoint call;       ///< Call the server
    sys::Notification signal; ///< wake the server
    u64 bit = 0;              ///< arrives in our loop when the server signals
    void* shared = nullptr;   ///< the edge's memory, or the protocol's broadcast page
    u64 shared_bytes = 0;
    u8* pool = nullptr; ///< memory whose DMA address the server knows
    u64 pool_bytes = 0;
    u32 peer = composition::no_index; ///< program index of the server; no_index: not wired
    explicit operator bool() const { return peer != composition::no_index; }
    template <class T> T* memory() const { return static_cast<T*>(shared); }
};

/// A server's end of an edge to one of its clients.
struct ClientEdge {
    sys::Notification signal; ///< wake the client
    void* shared = nullptr;
    u64 shared_bytes = 0;
    u64 pool_dma = 0, pool_bytes = 0;
    u32 peer = composition::no_index;
    bool monitor = false; ///< it has the right `monitor` (protocols that are Called)
    template <class T> T* memory() const { return static_cast<T*>(shared); }
};

class Program {
    runtime::Arguments const& arguments_;

public:
    /// @param argument  what main got
    explicit Program(void* argument) : arguments_{*static_cast<runtime::Arguments*>(argument)} {}

    u64 value(char const* name, u64 otherwise = 0) const
    {
        return arguments_.value(name, otherwise);
    }
    /// The value called FIRST.SECOND or FIRST.NUMBER.SECOND.
    u64 value(char const* first, char const* second, u64 otherwise = 0) const;
    u64 value(char const* first, u64 number, char const* second, u64 otherwise = 0) const;
    template <class T> T cap(char const* name) const { return T{value(name)}; }

    char const* name() const { return arguments_.program; }
    u32 self() const { return static_cast<u32>(value("self")); }
    sys::Endpoint endpoint() const { return cap<sys::Endpoint>("endpoint"); }
    sys::Reply reply() const { return cap<sys::Reply>("reply0"); }
    sys::Notification wake() const { return cap<sys::Notification>("wake"); }
    sys::Endpoint memory() const { return cap<sys::Endpoint>("memory"); }

    /// The edge to whoever provides `protocol` for us.
    Use use(char const* protocol) const;
    /// How many clients a protocol we provide has, and the bit of our loop that all of them signal.
    u64 clients(char const* protocol) const { return value(protocol, "clients"); }
    u64 clients_bit(char const* protocol) const { return value(protocol, "bit"); }
    ClientEdge client(char const* protocol, u64 number) const;

    SystemPage const& system() const { return *reinterpret_cast<SystemPage*>(value("system")); }
    StatusPage& status() const { return *reinterpret_cast<StatusPage*>(value("status")); }
    State state_of(u32 program) const
    {
        return static_cast<State>(system().program[program].state.load(std::memory_order_acquire));
    }
    u32 epoch_of(u32 program) const
    {
        return system().program[program].epoch.load(std::memory_order_acquire);
    }
    /// Our own epoch: what a driver writes into its clients' shared memory.
    u32 epoch() const { return epoch_of(self()); }
    /// Bit that arrives when a program we use was started, replaced or went.
    u64 system_bit() const { return value("system.bit"); }

    /// Tells the supervisor that we serve now. Once.
    void ready() const
    {
        status().ready.store(1, std::memory_order_release);
        notify_supervisor();
    }
    /// Answers a heartbeat among `bits`.
    void beat(u64 bits) const
    {
        if (bits & value("heartbeat.bit"))
            status().heartbeat.fetch_add(1, std::memory_order_release);
    }

private:
    void notify_supervisor() const
    {
        if (auto const it = cap<sys::Notification>("supervisor")) it.signal();
    }
};

/// Calls a server. What died in the middle is repeated when the call is idempotent.
/// @error absent       nobody serves this now
/// @param died_epoch  where the epoch goes of the last instance that died in the middle
/// @error interrupted  the server died meanwhile and the call is not idempotent
template <class P, rpc::Call C>
Result<typename C::Reply> call(Program const& self, Use const& use, typename C::Args const& args,
                               u64* died_epoch = nullptr)
{
    for (;;) {
        if (!use || self.state_of(use.peer) == State::absent) return Error::absent;
        auto answer = rpc::call<P, C>(rpc::Channel{use.call}, args, died_epoch);
        if (answer || answer.error() != Error::server_died) return answer;
        if constexpr (!C::idempotent) return Error::interrupted;
    }
}

/// The badge of a Call says which protocol (its place in the manifest's `provides`) and which
/// client of it.
constexpr u64 protocol_of(u64 badge)
{
    return badge >> 16 & 0xff;
}
constexpr u64 client_of(u64 badge)
{
    return badge & 0xffff;
}

/// A server's life: `server.on_call(protocol number, client number, message)` turns the message
/// into its answer; `server.on_signal(bits)`. Heartbeats are answered here.
template <class Server> [[noreturn]] void serve(Program const& self, Server& server)
{
    static constinit rpc::Message message{};
    auto const endpoint = self.endpoint();
    auto const reply = self.reply();
    self.ready();
    sys::Received received = endpoint.receive(reply);
    for (;;) {
        if (received.badge & rpc::signal_bit) {
            self.beat(received.badge);
            server.on_signal(received.badge & ~rpc::signal_bit);
            received = endpoint.receive(reply);
            continue;
        }
        rpc::from_kernel(received, message);
        server.on_call(protocol_of(received.badge), client_of(received.badge), message);
        received = endpoint.reply_receive(rpc::to_kernel(message), reply);
    }
}

/// The life of a program that nobody Calls.
template <class Server> [[noreturn]] void serve_signals(Program const& self, Server& server)
{
    self.ready();
    for (;;) {
        u64 const bits = self.wake().wait();
        self.beat(bits);
        server.on_signal(bits & ~rpc::signal_bit);
    }
}

} // namespace program
