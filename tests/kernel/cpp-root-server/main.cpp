// A root server in C++ on libs/runtime, libs/sys and libs/rpc: constructors, thread-local storage,
// typed calls between two threads, errors with their words, and a page that may not be executed.
// Reports in TAP.
#include "abi/boot_info.hpp"
#include "rpc/serve.hpp"
#include "runtime/runtime.hpp"
#include "sys/debug.hpp"
#include "sys/tcb.hpp"
#include "sys/untyped.hpp"

namespace {

using sys::debug::put;
using sys::debug::put_number;

constexpr unsigned plan = 16;
constexpr sys::CNode root{abi::slot_init_thread_cnode};
constexpr sys::VSpace vspace{abi::slot_init_thread_vspace};
constexpr sys::Tcb self{abi::slot_init_thread_tcb};

unsigned count = 0, failures = 0;

void tap(bool passed, char const* what)
{
    ++count;
    if (!passed) ++failures;
    put(passed ? "ok " : "not ok ");
    put_number(count);
    put(" - ");
    put(what);
    put("\n");
}

template <class T> bool done(sys::Result<T> const& result, char const* what)
{
    tap(static_cast<bool>(result), what);
    if (result) return true;
    put("#   ");
    put(sys::name(result.error().code));
    put("\n");
    return false;
}

// --- what start-up code must have done ---

struct Constructed {
    int value;
    explicit Constructed(int v) : value{v} {}
};
int seven()
{
    return *const_cast<int const volatile*>(&static_cast<int const&>(7));
}
Constructed constructed{seven()};

__thread int local_data = 42;
__thread int local_zero;
alignas(64) __thread u64 local_aligned = 0x1122'3344'5566'7788;

// --- a protocol and its server, which runs in a second thread ---

struct Add {
    struct Args {
        u64 a, b;
    };
    struct Reply {
        u64 sum;
    };
};
struct Sum { // more than fits into registers
    struct Args {
        u64 numbers[100];
    };
    struct Reply {
        u64 sum, badge;
    };
};
struct Local {
    struct Args {};
    struct Reply {
        u64 data, zero, aligned;
    };
};
using Test = rpc::Protocol<1, Add, Sum, Local>;

struct Server {
    Result<Add::Reply> on(Add, Add::Args args, rpc::Client)
    {
        if (args.a + args.b < args.a) return Error::out_of_range;
        return Add::Reply{args.a + args.b};
    }
    Result<Sum::Reply> on(Sum, Sum::Args const& args, rpc::Client who)
    {
        u64 sum = 0;
        for (u64 n : args.numbers) sum += n;
        return Sum::Reply{sum, who.badge};
    }
    Result<Local::Reply> on(Local, Local::Args, rpc::Client)
    {
        return Local::Reply{static_cast<u64>(local_data++), static_cast<u64>(local_zero),
                            local_aligned};
    }
};

// --- objects ---

u64 next_slot = 0;
sys::Untyped memory;

template <class T> T make(abi::ObjectType type, u64 bits = 0)
{
    sys::Slot const slot = root.slot(next_slot++);
    auto const result = memory.retype(type, bits, slot);
    if (!result) {
        put("# cannot make an object: ");
        put(sys::name(result.error().code));
        put("\n");
        return {};
    }
    return T{slot.index};
}

sys::Untyped largest_untyped(abi::BootInfo const& info)
{
    u64 best = 0, slot = 0;
    for (u64 i = 0; i < info.untyped.end - info.untyped.start; ++i) {
        auto const& it = info.untyped_list[i];
        if (it.is_device || it.size_bits <= best) continue;
        best = it.size_bits;
        slot = info.untyped.start + i;
    }
    return sys::Untyped{slot};
}

constexpr u64 pages = 0x100'0000'0000; // a PML4 entry nobody uses

/// Maps a fresh page `number` of our own range.
sys::Frame map_page(u64 number, sys::Rights rights, sys::Attributes attributes)
{
    auto const frame = make<sys::Frame>(abi::ObjectType::x86_4k);
    done(frame.map(vspace, pages + number * 4096, rights, attributes), "a page is mapped");
    return frame;
}

sys::Result<void> map_tables()
{
    TRY(make<sys::Pdpt>(abi::ObjectType::x86_pdpt).map(vspace, pages));
    TRY(make<sys::PageDirectory>(abi::ObjectType::x86_page_directory).map(vspace, pages));
    TRY(make<sys::PageTable>(abi::ObjectType::x86_page_table).map(vspace, pages));
    return {};
}

// --- threads ---

alignas(16) u8 stack[16384];
alignas(64) u8 local_storage[2048];
sys::Endpoint endpoint, faults;
sys::Reply reply, fault_reply;
sys::Tcb thread;

[[noreturn]] void serve_for_ever()
{
    Server server;
    rpc::serve(Test{}, server, endpoint, reply);
    __builtin_trap();
}

sys::Result<void> start_at(u64 entry, u64 ipc_buffer)
{
    abi::UserContext context{};
    context.rip = entry;
    context.rsp = reinterpret_cast<uptr>(stack + sizeof stack) - 8;
    context.fs_base =
        runtime::tls_make(local_storage, reinterpret_cast<seL4_IPCBuffer_*>(ipc_buffer));
    return thread.write_registers(context, true);
}

sys::Result<void> start_server(abi::BootInfo const& info)
{
    endpoint = make<sys::Endpoint>(abi::ObjectType::endpoint);
    faults = make<sys::Endpoint>(abi::ObjectType::endpoint);
    reply = make<sys::Reply>(abi::ObjectType::reply);
    fault_reply = make<sys::Reply>(abi::ObjectType::reply);
    thread = make<sys::Tcb>(abi::ObjectType::tcb);
    auto const time = make<sys::SchedContext>(abi::ObjectType::sched_context, 8);
    auto const buffer = map_page(0, sys::Rights::read_write, sys::data_attributes);
    TRY(sys::SchedControl{info.sched_control.start}.configure(time, 10'000, 10'000));
    TRY(thread.configure(root, 0, vspace, pages, buffer));
    TRY(thread.set_sched_params(self, 254, 254, time, faults));
    return start_at(reinterpret_cast<uptr>(&serve_for_ever), pages);
}

// --- checks ---

void check_start_up()
{
    tap(constructed.value == 7, "constructors have run");
    tap(local_data == 42 && local_zero == 0 && local_aligned == 0x1122'3344'5566'7788,
        "thread-local variables have their initial values");
    tap(reinterpret_cast<uptr>(&local_aligned) % 64 == 0, "and their alignment");
}

void check_errors()
{
    auto const result = memory.retype(abi::ObjectType::endpoint, 0, root.slot(next_slot), 1000);
    tap(!result && result.error() == abi::ErrorCode::range_error && result.error().word[0] == 1 &&
            result.error().word[1] == 256,
        "a refusal comes with its words");
}

void check_calls()
{
    rpc::Channel const channel{endpoint};
    auto const sum = rpc::call<Test, Add>(channel, {40, 2});
    tap(sum && (*sum).sum == 42, "a typed call is answered");
    tap(rpc::call<Test, Add>(channel, {~u64{0}, 1}).error() == Error::out_of_range,
        "an error comes back as an error");
    Sum::Args args{};
    for (u64 i = 0; i < 100; ++i) args.numbers[i] = i;
    auto const badged = root.slot(next_slot++);
    done(badged.mint_from(root.slot(endpoint.address()), 0xcafe), "a badge is minted");
    auto const big = rpc::call<Test, Sum>(rpc::Channel{sys::Endpoint{badged.index}}, args);
    tap(big && (*big).sum == 4950 && (*big).badge == 0xcafe, "100 words arrive, with the badge");
    local_data = 1;
    auto const local = rpc::call<Test, Local>(channel, {});
    tap(local && (*local).data == 42 && (*local).zero == 0 &&
            (*local).aligned == 0x1122'3344'5566'7788,
        "the other thread has thread-local variables of its own");
}

/// `ret` on a page: runs when it may be executed, faults as an instruction fetch when it may not.
void check_execute_never()
{
    auto const frame = map_page(1, sys::Rights::read_write, sys::Attributes{});
    auto* const code = reinterpret_cast<u8 volatile*>(pages + 4096);
    *code = 0xc3;
    reinterpret_cast<void (*)()>(pages + 4096)();
    tap(true, "a page without the attribute is executable");
    done(frame.map(vspace, pages + 4096, sys::Rights::read_write, sys::data_attributes),
         "execute-never is set on it");
    if (!start_at(pages + 4096, pages)) return;
    auto const fault = faults.receive(fault_reply);
    tap(fault.info.label() == 6 && fault.mr[1] == pages + 4096 && fault.mr[2] == 1,
        "running it is a fault of an instruction fetch");
    (void)thread.suspend();
}

} // namespace

extern "C" int main(void* argument)
{
    auto const& info = *static_cast<abi::BootInfo const*>(argument);
    next_slot = info.empty.start;
    memory = largest_untyped(info);
    put("1..");
    put_number(plan);
    put("\n");
    check_start_up();
    check_errors();
    if (done(map_tables(), "paging structures are mapped") &&
        done(start_server(info), "a server thread starts")) {
        check_calls();
        check_execute_never();
    }
    if (count != plan) put("Bail out! not every check was reached\n");
    put("# ");
    put_number(failures);
    put(" failed\n# done\n");
    sys::debug::halt();
    return 0;
}
