// Random system calls with random capabilities and words, by several threads, over the real kernel
// but for the machine: nothing that user mode sends may break what the kernel relies on.
#include "../ipc/world.hpp"
#include "abi/labels.hpp"
#include "abi/object_type.hpp"
#include "abi/syscalls.hpp"
#include "address_space.hpp"
#include "api/methods.hpp"
#include "api/syscall.hpp" // under test: first, so that a missing include shows
#include "check/check.hpp"
#include "object/io_port.hpp"
#include "object/irq_handler.hpp"
#include "object/untyped.hpp"
#include <random>

using namespace mk;

namespace {

constexpr unsigned node_bits = 6, slot_count = 1u << node_bits;

struct Fuzz {
    OwnedCpu owned;
    Cpu& cpu = *owned.cpu;
    fake::Memory memory{19};
    std::unique_ptr<Slot[]> node = std::make_unique<Slot[]>(slot_count);
    std::mt19937 random;

    explicit Fuzz(unsigned seed) : random{seed}
    {
        fake::reset();
        irq_table = {};
        release_io_ports(0, 0xffff);
        DerivationTree::first = {};
        cpu.ticks_per_us = 1;
        fake::machine.clock = cpu.now = 1000;
        cpu.idle.state = ThreadState::idle;
        cpu.current = &cpu.idle;
        cpu.current_sc = &cpu.idle_sc.sc;
        put(1, Cap::untyped(memory.physical(), 19, false));
        put(2, Cap::cnode(node.get(), node_bits, 0, 64 - node_bits));
        put(3, Cap::singleton(CapType::irq_control));
        put(4, Cap::singleton(CapType::io_port_control));
        put(5, Cap::singleton(CapType::asid_control));
        put(6, Cap::sched_control(0));
    }
    ~Fuzz()
    {
        for (unsigned base = 0; base < asid_pool_count * asids_per_pool; base += asids_per_pool)
            if (AsidPool* const pool = find_asid_pool(u16(base)))
                delete_asid_pool(cpu, u16(base), *pool);
        DerivationTree::first = {};
    }
    void put(unsigned n, Cap const& cap)
    {
        DerivationTree::insert_original(&DerivationTree::first, node[n], cap);
    }
    u64 below(u64 n) { return random() % n; }
    bool one_in(u64 n) { return below(n) == 0; }

    u64 any_word()
    {
        switch (below(8)) {
        case 0:
            return ~u64{0} - below(3);
        case 1:
            return u64{random()} << 32 | random();
        case 2:
            return 1ull << below(64);
        case 3:
            return below(8) * 4096;
        default:
            return below(slot_count);
        }
    }
    u64 empty_slot()
    {
        for (unsigned i = 0; i < slot_count; ++i) {
            u64 const n = below(slot_count);
            if (node[n].empty()) return n;
        }
        return below(slot_count);
    }
    /// A slot with a capability of this type, if any.
    u64 slot_of(CapType type)
    {
        for (unsigned i = 0; i < 2 * slot_count; ++i) {
            u64 const n = below(slot_count);
            if (node[n].cap().is(type)) return n;
        }
        return below(slot_count);
    }
    /// A new thread with everything it needs to run.
    void make_thread()
    {
        u64 const tcb = slot_of(CapType::tcb), sc = slot_of(CapType::sched_context);
        if (!node[tcb].cap().is(CapType::tcb)) return;
        Tcb& t = *node[tcb].cap().object<Tcb>();
        set_priority(cpu, t, u8(1 + below(4)));
        t.mcp = 255;
        if (t.slot(Tcb::cspace).empty() && node[2].cap().is(CapType::cnode))
            DerivationTree::insert_derived(node[2], t.slot(Tcb::cspace), node[2].cap());
        u64 const frame = slot_of(CapType::frame);
        if (t.slot(Tcb::ipc_buffer).empty() && node[frame].cap().is(CapType::frame))
            DerivationTree::insert_derived(node[frame], t.slot(Tcb::ipc_buffer),
                                           node[frame].cap().unmapped());
        u64 const ep = slot_of(CapType::endpoint);
        if (one_in(2) && t.slot(Tcb::fault_handler).empty() && node[ep].cap().is(CapType::endpoint))
            DerivationTree::insert_derived(node[ep], t.slot(Tcb::fault_handler), node[ep].cap());
        if (one_in(2) && t.slot(Tcb::timeout_handler).empty() &&
            node[ep].cap().is(CapType::endpoint))
            DerivationTree::insert_derived(node[ep], t.slot(Tcb::timeout_handler), node[ep].cap());
        if (node[sc].cap().is(CapType::sched_context)) {
            auto& context = *node[sc].cap().object<SchedContext>();
            if (context.tcb == nullptr && !context.is_active())
                refill::configure(cpu, context, 2, 200, one_in(2) ? 200 : 500);
            if (context.tcb == nullptr && t.sc == nullptr && context.is_active() &&
                !t.is_runnable())
                bind_thread(cpu, context, t);
        }
        restart(cpu, t);
    }
    /// Objects to play with: what a root server would make first.
    void make_objects()
    {
        using T = abi::ObjectType;
        constexpr T types[] = {T::tcb,     T::tcb,           T::endpoint,      T::notification,
                               T::reply,   T::sched_context, T::cnode,         T::x86_4k,
                               T::untyped, T::x64_pml4,      T::x86_page_table};
        T const type = types[below(std::size(types))];
        u64 const at = slot_of(CapType::untyped), to = empty_slot();
        if (!node[at].cap().is(CapType::untyped) || !node[to].empty()) return;
        u8 const bits = type == T::cnode ? u8(1 + below(4)) : type == T::untyped ? 14 : 8;
        u64 const free = untyped_free_offset(node[at]);
        if ((bit(node[at].cap().untyped_bits()) - free) >> abi::object_bits(type, bits) < 1) return;
        static_cast<void>(retype(cpu, {&node[at], untyped_free_offset(node[at]), &node[to], type, 1,
                                       bits, u8(abi::object_bits(type, bits))}));
    }
    void system_call()
    {
        using S = abi::Syscall;
        constexpr S numbers[] = {S::call,       S::call,         S::call,         S::call,
                                 S::call,       S::call,         S::send,         S::recv,
                                 S::reply_recv, S::nb_send_recv, S::nb_send_wait, S::nb_send,
                                 S::nb_recv,    S::wait,         S::yield};
        Context& c = cpu.current->context;
        Method const& m = methods[below(std::size(methods))];
        bool const on_object = one_in(3) == false;
        u64 const cap_pointer = on_object ? slot_of(m.type) : below(slot_count);
        c.rdx = u64(numbers[below(std::size(numbers))]);
        c.rdi = one_in(3) ? slot_of(one_in(2) ? CapType::endpoint : CapType::notification)
                          : cap_pointer;
        c.r12 = one_in(8) ? any_word() : slot_of(CapType::reply);
        c.r13 = cap_pointer;
        c.rsi =
            abi::MessageInfo{u64(m.label), 0, one_in(3) ? below(4) : 3, one_in(4) ? below(128) : 8}
                .word();
        c.r10 = any_word();
        c.r8 = one_in(2) ? 64 : any_word();
        c.r9 = any_word();
        c.r15 = one_in(2) ? 64 : any_word();
        if (m.type == CapType::sched_control) {
            c.r10 = 20 + below(300);
            c.r8 = c.r10 * (1 + below(2));
            c.r9 = below(3);
            if (m.label == abi::sched_control_configure_feedback) c.r10 = below(2);
        }
        if (abi::IpcBuffer* const buffer = ipc_buffer(*cpu.current, true)) {
            for (u64& w : buffer->msg) w = one_in(2) ? 64 : any_word();
            if (m.label == abi::Label::untyped_retype) {
                c.r10 = below(14);
                c.r8 = below(16);
                c.r15 = 0;
                buffer->msg[4] = empty_slot();
                buffer->msg[5] = 1 + below(3);
            }
            constexpr CapType arguments[] = {
                CapType::tcb,   CapType::endpoint,      CapType::notification, CapType::cnode,
                CapType::frame, CapType::sched_context, CapType::pml4,         CapType::untyped};
            for (u64& w : buffer->caps_or_badges)
                w = one_in(3) ? 2 : slot_of(arguments[below(std::size(arguments))]);
            if (m.type == CapType::cnode && !one_in(4)) {
                // Sensible slots of the one CNode that reaches everything; rarely its own.
                c.rdi = c.r13 = 2;
                c.r10 = one_in(2)    ? empty_slot()
                        : one_in(10) ? below(7)
                                     : 7 + below(slot_count - 7);
                c.r8 = c.r15 = buffer->msg[4] = buffer->msg[7] = 64;
                c.r9 = buffer->msg[6] = below(slot_count);
                buffer->msg[3] = below(slot_count);
                for (u64& w : buffer->caps_or_badges) w = 2;
            }
            buffer->receive_cnode = 2;
            buffer->receive_index = empty_slot();
            buffer->receive_depth = 64;
        }
        fake::machine.interrupt_checks = 0;
        fake::machine.interrupt_after = one_in(2) ? below(6) : fake::Machine::never;
        handle_syscall(cpu, c.rdi, c.rsi, i64(c.rdx));
    }
};

} // namespace

TEST_CASE("random system calls break no invariant", "[syscall]")
{
    char const* const soak = std::getenv("HYPERCORE_SOAK");
    unsigned const seeds = soak != nullptr && *soak == '1' ? 400 : 60;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Fuzz f{seed};
        for (int step = 0; step < 1500; ++step) {
            CAPTURE(seed, step);
            if (f.one_in(4) || step < 40) f.make_objects();
            fake::machine.clock += f.below(100);
            if (f.cpu.current == &f.cpu.idle || f.one_in(4)) {
                update_time(f.cpu);
                check_budget(f.cpu);
                f.make_thread();
                schedule(f.cpu);
            } else if (f.one_in(30)) {
                handle_page_fault(f.cpu, f.any_word(), 4);
            } else {
                f.system_call();
            }
            bool const full = step % check::full_every == 0;
            REQUIRE_NOTHROW(check::look(f.cpu, full ? check::Depth::full : check::Depth::quick));
        }
    }
}
