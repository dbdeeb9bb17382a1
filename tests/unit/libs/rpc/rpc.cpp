// Calls reach their handler and answers come back, over a loopback channel and through the server
// loop on a fake kernel; whatever is malformed is answered with an error.
#include "rpc/rpc.hpp"

#include "rpc/refusals.hpp"
#include "rpc/serve.hpp"
#include <catch2/catch.hpp>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

namespace {

struct Add {
    struct Args {
        u64 a, b;
    };
    struct Reply {
        u64 sum;
    };
};
struct Name {
    struct Args {};
    struct Reply {
        char text[20];
    };
};
struct Fail {
    struct Args {
        u32 error;
    };
    struct Reply {};
};
using Test = rpc::Protocol<3, Add, Name, Fail>;
using Other = rpc::Protocol<4, Add>;

struct Server {
    u64 badge = 0;
    int calls = 0;
    Result<Add::Reply> on(Add, Add::Args args, rpc::Client who)
    {
        ++calls;
        badge = who.badge;
        return Add::Reply{args.a + args.b};
    }
    Result<Name::Reply> on(Name, Name::Args, rpc::Client)
    {
        ++calls;
        return Name::Reply{"nineteen characters"};
    }
    Result<Fail::Reply> on(Fail, Fail::Args args, rpc::Client)
    {
        ++calls;
        return static_cast<Error>(args.error);
    }
};

struct Loopback {
    Server& server;
    u64 badge = 7;
    void call(rpc::Message& m) { rpc::dispatch(Test{}, server, rpc::Client{badge}, m); }
};

/// An endpoint's other end that answers nonsense.
struct Liar {
    u64 label;
    usize words;
    void call(rpc::Message& m) const
    {
        m.label = label;
        m.words = words;
    }
};

} // namespace

TEST_CASE("a call reaches its handler with the caller's badge", "[rpc]")
{
    Server server;
    auto const sum = rpc::call<Test, Add>(Loopback{server}, {40, 2});
    REQUIRE(sum);
    CHECK((*sum).sum == 42);
    CHECK(server.badge == 7);
    auto const name = rpc::call<Test, Name>(Loopback{server}, {});
    REQUIRE(name);
    CHECK(std::string((*name).text) == "nineteen characters");
}

TEST_CASE("an error of the handler is the result of the call", "[rpc]")
{
    Server server;
    auto const result =
        rpc::call<Test, Fail>(Loopback{server}, {static_cast<u32>(Error::no_memory)});
    CHECK(result.error() == Error::no_memory);
}

TEST_CASE("wrong sizes, labels and versions never reach a handler", "[rpc]")
{
    Server server;
    for (u64 label : {u64{0}, u64{2}, (u64{3} << 16) + 3, u64{4} << 16, ~u64{0} >> 12}) {
        rpc::Message m;
        m.label = label;
        m.words = 2;
        rpc::dispatch(Test{}, server, rpc::Client{0}, m);
        CHECK(m.label == static_cast<u64>(Error::not_supported));
        CHECK(m.words == 0);
    }
    for (usize words : {0u, 1u, 3u, 120u}) {
        rpc::Message m;
        m.label = Test::label<Add>();
        m.words = words;
        rpc::dispatch(Test{}, server, rpc::Client{0}, m);
        CHECK(m.label == static_cast<u64>(Error::truncated));
    }
    CHECK(server.calls == 0);
    CHECK(rpc::call<Other, Add>(Loopback{server}, {1, 2}).error() == Error::not_supported);
}

TEST_CASE("a client believes no answer that cannot be one", "[rpc]")
{
    CHECK(rpc::call<Test, Add>(Liar{0, 5}, {1, 2}).error() == Error::truncated);
    CHECK(rpc::call<Test, Add>(Liar{9999, 0}, {1, 2}).error() == Error::corrupt);
}

TEST_CASE("an answer does not carry bytes of the request behind its own", "[rpc]")
{
    Server server;
    rpc::Message m;
    for (auto& word : m.word) word = ~u64{0};
    m.label = Test::label<Name>();
    rpc::dispatch(Test{}, server, rpc::Client{0}, m);
    REQUIRE(m.words == 3);
    CHECK(m.word[2] >> 32 == 0); // 20 bytes: half of the last word is none of ours
}

TEST_CASE("the server loop answers calls, passes signals on, and stops when told", "[rpc]")
{
    static abi::IpcBuffer buffer;
    __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer);
    sys::fake_kernel = {};
    Server server;
    int step = 0;
    u64 answer = 0;
    sys::fake_kernel.answer = [&](sys::FakeCall const& call, sys::Registers& out) {
        switch (step++) {
        case 0: // first receive: a call
            out = {5, abi::MessageInfo(Test::label<Add>(), 0, 0, 2).word(), {1, 2, 0, 0}};
            break;
        case 1: // its answer, then a signal
            answer = call.in.mr[0];
            out.cap_or_badge = rpc::signal_bit | 4;
            break;
        default:
            out.cap_or_badge = rpc::signal_bit | 8;
        }
    };
    std::vector<u64> signals;
    CHECK(rpc::serve(Test{}, server, sys::Endpoint{1}, sys::Reply{2}, [&](u64 badge) {
              signals.push_back(badge);
              return badge != 8;
          }) == 0);
    CHECK(answer == 3);
    CHECK(server.badge == 5);
    CHECK((signals == std::vector<u64>{4, 8}));
    REQUIRE(sys::fake_kernel.calls.size() == 3);
    CHECK(sys::fake_kernel.calls[0].number == abi::Syscall::recv);
    CHECK(sys::fake_kernel.calls[1].number == abi::Syscall::reply_recv);
    CHECK(sys::fake_kernel.calls[2].number == abi::Syscall::recv);
}

TEST_CASE("messages of every length survive the way through registers and buffer", "[rpc]")
{
    static abi::IpcBuffer buffer;
    __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer);
    for (usize words = 0; words <= rpc::max_words; ++words) {
        rpc::Message out, in;
        out.words = words;
        for (usize i = 0; i < words; ++i) out.word[i] = 1000 + i;
        auto const sent = rpc::to_kernel(out);
        sys::Received received{0, abi::MessageInfo(0, 0, 0, sent.words), {}};
        for (usize i = 0; i < 4; ++i) received.mr[i] = sent.mr[i];
        rpc::from_kernel(received, in);
        REQUIRE(in.words == words);
        for (usize i = 0; i < words; ++i) REQUIRE(in.word[i] == 1000 + i);
    }
    // A length that no message has counts as the maximum.
    rpc::Message in;
    rpc::from_kernel({0, abi::MessageInfo(0, 0, 0, 127), {}}, in);
    CHECK(in.words == rpc::max_words);
}

TEST_CASE("refusals are kept by who, call and error, counted, and none is lost", "[rpc]")
{
    rpc::Refusals it;
    CHECK(it.take().count == 0);
    CHECK(it.note(5, 1, Error::missing_rights));
    CHECK_FALSE(it.note(5, 1, Error::missing_rights));
    CHECK_FALSE(it.note(5, 1, Error::no_memory));
    auto const first = it.take();
    CHECK((first.who == 5 && first.call == 1 && first.count == 2));
    CHECK(first.error == static_cast<u64>(Error::missing_rights));
    CHECK(it.take().error == static_cast<u64>(Error::no_memory));
    CHECK(it.take().count == 0);

    for (u64 i = 0; i < rpc::Refusals::max + 3; ++i)
        CHECK(it.note(i, 0, Error::missing_rights) == (i == 0));
    for (u64 i = 0; i < rpc::Refusals::max; ++i) CHECK(it.take().who == i);
    auto const others = it.take();
    CHECK((others.who == rpc::Refusal::many && others.count == 3));
    CHECK(it.take().count == 0);
    CHECK(it.note(1, 1, Error::missing_rights));
    static_assert(rpc::number_of<Test, Fail>() == 2);
}

TEST_CASE("who waited for a server that died learns which instance it was", "[rpc]")
{
    struct Supervisor {
        Error error;
        usize words;
        void call(rpc::Message& m) const
        {
            m.label = static_cast<u64>(error);
            m.words = words;
            m.word[0] = 7;
        }
    };
    u64 epoch = 0;
    CHECK(rpc::call<Test, Add>(Supervisor{Error::absent, 1}, {1, 2}, &epoch).error() ==
          Error::absent);
    CHECK(epoch == 0);
    CHECK(rpc::call<Test, Add>(Supervisor{Error::server_died, 0}, {1, 2}, &epoch).error() ==
          Error::server_died);
    CHECK(epoch == 0);
    CHECK(rpc::call<Test, Add>(Supervisor{Error::server_died, 1}, {1, 2}, &epoch).error() ==
          Error::server_died);
    CHECK(epoch == 7);
    CHECK(rpc::call<Test, Add>(Supervisor{Error::server_died, 1}, {1, 2}).error() ==
          Error::server_died);
}
