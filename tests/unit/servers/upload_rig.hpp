// The upload server on a network, a clock, random bytes and a supervisor that the test plays.
#pragma once

#include "protocol/entropy.hpp"
#include "protocol/guests.hpp"
#include "servers/upload/server.hpp"

#include "../libs/elf_file.hpp"
#include "../libs/net/edge.hpp"
#include "../libs/net/tcp_network.hpp"
#include "tests/fakes/time_page.hpp"

namespace upload_test {

using namespace upload_server;
using net_rig::Peer;
using program::State;

constexpr u64 second = fake::TimePage::second;
constexpr u32 slots = 2, sockets = 8, arena_bytes = 64 << 10;

/// What the supervisor was asked for, in order.
struct Asked {
    bool start; ///< or stop
    u64 program;
    guests::Start::Args args;
    u32 bytes; ///< of the file that lay in the slot's memory then
};

/// The programs beside it, behind the kernel, and what they share with it.
class System {
    static constexpr u64 entropy_endpoint = 21, guests_endpoint = 22;
    static constexpr u32 entropy_program = 5, supervisor = 6, first_slot = 10;

    std::unique_ptr<runtime::Arguments> arguments_ = std::make_unique<runtime::Arguments>();
    std::unique_ptr<program::SystemPage> states_ = std::make_unique<program::SystemPage>();
    std::unique_ptr<upload::Shared[]> shared_ = std::make_unique<upload::Shared[]>(slots);
    abi::IpcBuffer buffer_{};

public:
    fake::TimePage clock;
    std::unique_ptr<Kept> kept = std::make_unique<Kept>();
    std::vector<Asked> asked;
    Error start_error = Error::ok, entropy_error = Error::ok;
    u8 randomness = 0;

    System()
    {
        __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer_);
        sys::fake_kernel = {};
        sys::fake_kernel.answer = [this](sys::FakeCall const& call, sys::Registers& io) {
            if (call.number == abi::Syscall::call) answer(call, io);
        };
        add("system", reinterpret_cast<u64>(states_.get()));
        add("time.peer", 4);
        add("time.shared", reinterpret_cast<u64>(clock.page()));
        add("entropy.peer", entropy_program);
        add("entropy.call", entropy_endpoint);
        add("guests.peer", supervisor);
        add("guests.call", guests_endpoint);
        add("upload.clients", slots);
        for (u32 n = 0; n < slots; ++n) {
            std::string const name = "upload." + std::to_string(n);
            add(name + ".peer", first_slot + n);
            add(name + ".shared", reinterpret_cast<u64>(&shared_[n]));
        }
        set_state(entropy_program, State::running);
        set_state(supervisor, State::running);
        clock.set(second);
    }
    System(System const&) = delete;
    ~System() { sys::fake_kernel = {}; }

    program::Program self() const { return program::Program{arguments_.get()}; }
    static u64 program_of(u32 slot) { return first_slot + slot; }
    upload::Shared& shared(u32 slot) { return shared_[slot]; }
    State state(u32 slot) const
    {
        return static_cast<State>(states_->program[first_slot + slot].state.load());
    }
    void set_slot(u32 slot, State state) { set_state(first_slot + slot, state); }
    void lose_entropy() { set_state(entropy_program, State::absent); }

    // Protocols that it calls.

    Result<entropy::Get::Reply> on(entropy::Get, entropy::Get::Args const& args, rpc::Client)
    {
        REQUIRE(args.bytes == Token::random_bytes);
        if (entropy_error != Error::ok) return entropy_error;
        entropy::Get::Reply reply{};
        ++randomness;
        for (u8& byte : reply.data) byte = static_cast<u8>(randomness * 29 + (&byte - reply.data));
        return reply;
    }
    Result<entropy::Sources::Reply> on(entropy::Sources, entropy::Sources::Args const&, rpc::Client)
    {
        return Error::not_supported;
    }
    Result<guests::Start::Reply> on(guests::Start, guests::Start::Args const& args, rpc::Client)
    {
        u32 const slot = static_cast<u32>(args.program - first_slot);
        REQUIRE(slot < slots);
        asked.push_back({true, args.program, args, shared_[slot].bytes});
        CHECK(state(slot) == State::absent); // it must not run
        if (start_error != Error::ok) return start_error;
        set_slot(slot, State::running);
        return guests::Start::Reply{};
    }
    Result<guests::Stop::Reply> on(guests::Stop, guests::Stop::Args const& args, rpc::Client)
    {
        u32 const slot = static_cast<u32>(args.program - first_slot);
        REQUIRE(slot < slots);
        asked.push_back({false, args.program, {}, shared_[slot].bytes});
        set_slot(slot, State::absent);
        return guests::Stop::Reply{};
    }

private:
    void add(std::string const& name, u64 value) { REQUIRE(arguments_->add(name.c_str(), value)); }
    void set_state(u32 program, State state)
    {
        states_->program[program].state = static_cast<u32>(state);
    }
    void answer(sys::FakeCall const& call, sys::Registers& io)
    {
        rpc::Message message;
        rpc::from_kernel({0,
                          abi::MessageInfo{call.in.info},
                          {call.in.mr[0], call.in.mr[1], call.in.mr[2], call.in.mr[3]}},
                         message);
        u64 const to = call.in.cap_or_badge;
        REQUIRE((to == entropy_endpoint || to == guests_endpoint));
        if (to == entropy_endpoint)
            rpc::dispatch(entropy::Entropy{}, *this, {0}, message);
        else
            rpc::dispatch(guests::Guests{}, *this, {0}, message);
        auto const out = rpc::to_kernel(message);
        io.info = abi::MessageInfo(out.label, 0, 0, out.words).word();
        std::copy(out.mr, out.mr + 4, io.mr);
    }
};

/// One life of the server; System and network go on without it.
struct Life {
    program::Program self;
    net::Client::Tables<sockets, 32, arena_bytes> tables;
    net::Client client;
    Desk desk;
    Server server{client, desk};

    Life(System& system, program::Use const& edge)
        : self{system.self()}, client{edge, tables}, desk{self, *system.kept}
    {
    }
};

struct World {
    System system;
    net_rig::EdgeOf<arena_bytes> edge;
    std::unique_ptr<net_rig::Network> network;
    std::unique_ptr<Life> life;
    u64 next = 0; ///< when the server wants to be woken
    u16 ports = 40000;

    World()
    {
        replace_network();
        restart();
    }
    void replace_network() { network = std::make_unique<net_rig::Network>(edge.shared(), sockets); }
    /// The server died; a successor starts.
    void restart()
    {
        life = std::make_unique<Life>(system, edge.use());
        run();
    }
    /// Until nothing happens any more.
    void run()
    {
        do {
            next = life->server.poll();
            network->run();
        } while (!life->client.sleep());
    }
    void pass(u64 nanoseconds)
    {
        system.clock.set(system.clock.now() + nanoseconds);
        run();
    }
    std::string turn_on()
    {
        auto const on = life->desk.turn_on();
        REQUIRE(on);
        run();
        return {(*on).token, sizeof(*on).token};
    }
    std::shared_ptr<Peer> connect()
    {
        auto peer = network->connect();
        peer->address.byte[15] = 9;
        peer->port = ++ports;
        run();
        return peer;
    }
    void say(std::shared_ptr<Peer> const& peer, std::string const& text)
    {
        peer->to_server += text;
        run();
    }
    /// A whole exchange, to the end of the connection.
    std::string exchange(std::string const& text)
    {
        auto const peer = connect();
        say(peer, text);
        peer->ended = true;
        run();
        return peer->from_server;
    }
    Line line(u64 index) const
    {
        auto const line = life->desk.line(index);
        REQUIRE(line);
        return *line;
    }
};

inline std::string program_bytes(u8 mark = 0)
{
    auto bytes = test::ElfFile{}.bytes();
    bytes.back() = mark;
    return {bytes.begin(), bytes.end()};
}
inline std::string manifest_of(std::string const& name, std::string const& more = "")
{
    return "[program]\nname = \"" + name + "\"\n" + more;
}
/// A request for a program; `fields` are added to what must be there.
struct Upload {
    std::string token;
    std::string name = "hello";
    std::string manifest = manifest_of(name);
    std::string program = program_bytes();
    std::string fields = "";
    std::string host = "127.0.0.1:8080";

    std::string head() const
    {
        return "POST /programs/" + name + " HTTP/1.1\r\nHost: " + host +
               "\r\nX-Hypercore-Token: " + token +
               "\r\nX-Manifest-Length: " + std::to_string(manifest.size()) +
               "\r\nContent-Length: " + std::to_string(manifest.size() + program.size()) + "\r\n" +
               fields + "\r\n";
    }
    std::string text() const { return head() + manifest + program; }
};
/// Status of an answer; 0: there is none.
inline u32 status_of(std::string const& answer)
{
    if (!answer.starts_with("HTTP/1.1 ")) return 0;
    return static_cast<u32>(std::stoul(answer.substr(9)));
}

inline bool nothing_runs(System const& system)
{
    for (u32 n = 0; n < slots; ++n)
        if (system.state(n) != State::absent) return false;
    return true;
}

} // namespace upload_test
