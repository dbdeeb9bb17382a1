// What the current thread of a random world asks of the kernel: IPC as good clients and servers do
// it, IPC at random, and methods whose arguments often make sense. Used by fast_path.cpp.
#pragma once

#include "abi/syscalls.hpp"
#include "api/methods.hpp"
#include "ipc/transfer.hpp"
#include "random_world.hpp"

namespace random_world {

class CallingWorld : public World {
public:
    using World::World;

    /// Puts a system call into the current thread's registers and buffer.
    void choose_call()
    {
        using S = abi::Syscall;
        constexpr S numbers[] = {S::call, S::call, S::call,    S::reply_recv,   S::reply_recv,
                                 S::send, S::recv, S::recv,    S::reply_recv,   S::reply_recv,
                                 S::send, S::wait, S::nb_send, S::nb_send_recv, S::yield};
        Context& c = s.cpu.current->context;
        c.vector = vector_syscall;
        c.rip = 0x40'0000 + 2 * below(1000);
        c.rflags = initial_rflags;
        c.rdx = u64(numbers[below(std::size(numbers))]);
        c.rdi = one_in(3) ? below(slot_count) : 1 + below(16);
        c.r12 = one_in(8) ? below(slot_count) : 17 + below(reply_count);
        if (one_in(2)) behave(c);
        if (one_in(4)) c.rdx = u64(S::yield);
        constexpr unsigned lengths[] = {0, 1, 2, 3, 4, 4, 5, 10, 120, 127};
        c.rsi = abi::MessageInfo{below(100), below(8), one_in(6) ? below(4) : 0,
                                 lengths[below(std::size(lengths))]}
                    .word();
        for (u64* const word : {&c.r10, &c.r8, &c.r9, &c.r15}) *word = random();
    }

    /// A method with arguments that often make sense.
    void choose_method()
    {
        Method const& m = methods[below(std::size(methods))];
        Tcb& caller = *s.cpu.current;
        Context& c = caller.context;
        c.vector = vector_syscall;
        c.rip = 0x40'0000 + 2 * below(1000);
        c.rflags = initial_rflags;
        c.rdx = u64(abi::Syscall::call);
        c.rdi = one_in(8) ? below(slot_count) : slot_of(m.type);
        c.rsi =
            abi::MessageInfo{u64(m.label), 0, one_in(4) ? below(4) : 3, one_in(4) ? below(12) : 8}
                .word();
        u64 words[8];
        for (u64& w : words) w = one_in(2) ? below(4) : one_in(4) ? random() : 0;
        fill(m, words);
        c.r10 = words[0];
        c.r8 = words[1];
        c.r9 = words[2];
        c.r15 = words[3];
        abi::IpcBuffer* const buffer = ipc_buffer(caller, true);
        if (buffer == nullptr) return;
        for (unsigned i = message_registers; i < std::size(words); ++i) buffer->msg[i] = words[i];
        for (unsigned i = 0; i < 3; ++i) buffer->caps_or_badges[i] = argument(m.label, i);
        if (one_in(20)) buffer->caps_or_badges[0] = bit(slot_bits); // found by nobody
    }

private:
    /// What a good client or server (the first three threads) would call.
    void behave(Context& c)
    {
        using S = abi::Syscall;
        auto const me = unsigned(s.cpu.current - s.thread);
        Reply const* awaited = s.cpu.current_sc->reply;
        bool const server = me < 3;
        c.rdi = 1 + below(2);
        c.r12 = awaited != nullptr ? u64(17 + (awaited - s.reply)) : 17 + me % reply_count;
        for (unsigned i = 0; server && awaited == nullptr && i < reply_count; ++i) {
            Tcb const* const caller = s.reply[i].tcb; // one that kept its context
            if (caller == nullptr || caller->state != ThreadState::blocked_on_reply) continue;
            awaited = &s.reply[i];
            c.r12 = 17 + i;
        }
        c.rdx = u64(awaited != nullptr ? S::reply_recv : server ? S::recv : S::call);
    }

    /// Words that method `m` likes.
    void fill(Method const& m, u64 (&words)[8])
    {
        using T = abi::ObjectType;
        constexpr T types[] = {T::endpoint,      T::notification, T::reply,  T::cnode,
                               T::sched_context, T::x86_4k,       T::untyped};
        constexpr u64 rights = 15;
        switch (m.type) {
        case CapType::untyped: { // type, size, root is the node itself, where, how many
            T const type = any_of(types);
            u64 const bits = type == T::cnode ? 2 : type == T::untyped ? 10 : context_bits;
            u64 const retype[] = {u64(type), bits, 0, 0, empty_slot(), 1 + below(2), 0, 0};
            return void(std::memcpy(words, retype, sizeof words));
        }
        case CapType::cnode: {
            bool const is_rotate = m.label == abi::Label::cnode_rotate;
            bool const removes = m.label <= abi::Label::cnode_cancel_badged_sends;
            unsigned const some[] = {untyped_slot, slot_of(CapType::tcb), used_slot(), used_slot()};
            u64 const at = removes ? any_of(some) : empty_slot();
            u64 const from = one_in(3) ? below(fixed_slots) : below(slot_count);
            u64 const plain[] = {at, 64, from, 64, rights, words[5], 0, 0};
            u64 const rotate[] = {at, 64, 0, from, 64, 0, below(slot_count), 64};
            return void(std::memcpy(words, is_rotate ? rotate : plain, sizeof words));
        }
        case CapType::sched_control:
            words[0] =
                m.label == abi::Label::sched_control_configure_flags ? 20 + below(3000) : below(2);
            words[1] = words[0] * (1 + below(3));
            words[2] = below(9);
            return;
        case CapType::frame:
            words[0] = below(4) * 4096;
            words[1] = rights;
            return;
        case CapType::io_port:
            words[0] = 0x3f8;
            return;
        case CapType::irq_control: // the vector
            words[0] = empty_slot();
            words[1] = 64;
            words[6] = 7 + below(3);
            return;
        default:
            return;
        }
    }
    /// What method `label` likes for its capability `n`.
    u64 argument(abi::Label label, unsigned n)
    {
        using L = abi::Label;
        using enum CapType;
        auto const one = [&](CapType a, CapType b, CapType c) {
            CapType const list[] = {a, b, c};
            return u64{slot_of(list[n])};
        };
        constexpr CapType some[] = {tcb,   sched_context, notification, endpoint,
                                    cnode, frame,         pml4,         null};
        if (label == abi::sched_control_configure_feedback) return slot_of(sched_context);
        // Never granted: its records would have other times when a path is taken late.
        if (label == abi::sched_control_set_event_ring) return slot_of(cnode);
        if (one_in(10)) return slot_of(any_of(some));
        switch (label) {
        case L::cnode_copy:
        case L::cnode_mint:
        case L::cnode_move:
        case L::cnode_mutate:
        case L::cnode_rotate:
        case L::untyped_retype:
            return root_slot;
        case L::tcb_configure:
            return one(cnode, pml4, frame);
        case L::tcb_set_space:
            return one(endpoint, cnode, pml4);
        case L::tcb_set_sched_params:
            return one(tcb, sched_context, endpoint);
        case L::tcb_set_priority:
        case L::tcb_set_mc_priority:
        case L::tcb_copy_registers:
            return slot_of(tcb);
        case L::tcb_set_ipc_buffer:
            return slot_of(frame);
        case L::tcb_set_timeout_endpoint:
            return slot_of(endpoint);
        case L::tcb_bind_notification:
        case L::irq_set_irq_handler:
            return slot_of(notification);
        case L::sched_control_configure_flags:
            return slot_of(sched_context);
        case L::sched_context_bind:
        case L::sched_context_unbind_object:
            return slot_of(one_in(2) ? tcb : notification);
        case L::x86_irq_issue_irq_handler_msi:
        case L::x86_irq_issue_irq_handler_ioapic:
            return root_slot;
        default: // what maps something
            return slot_of(pml4);
        }
    }
};

} // namespace random_world
