// A worker: chooses a call by chance, notes it in the ring, makes it, and guesses from the answer
// what the slots hold now. Runs in an address space in which only `shared` can be written, with the
// pool as its CSpace; it may be stopped, changed or destroyed at any moment by what it or another
// worker calls. Arguments: most fit the method, one in 16 is hostile.
#include "abi/errors.hpp"
#include "abi/message_info.hpp"
#include "abi/syscalls.hpp"
#include "methods.hpp"
#include "sys/syscall.hpp"

namespace fuzz {
namespace {

using abi::Syscall;

constexpr u64 full_depth = 64;

u64 hostile_word()
{
    switch (below(6)) {
    case 0:
        return ~u64{0} - below(4);
    case 1:
        return random_word();
    case 2:
        return u64{1} << below(64);
    case 3:
        return (u64{1} << below(64)) - 1;
    case 4:
        return below(300);
    default:
        return 0;
    }
}

/// Addresses that share tables at each level now and then.
u64 virtual_address()
{
    return 0x100'0000'0000 + (below(2) << 39) + (below(2) << 30) + (below(4) << 21) +
           (below(4) << 12);
}

u64 any_full_slot()
{
    constexpr Kind movable[] = {Kind::frame,         Kind::untyped,      Kind::endpoint,
                                Kind::notification,  Kind::reply,        Kind::tcb,
                                Kind::cnode,         Kind::pml4,         Kind::page_table,
                                Kind::sched_context, Kind::sched_context};
    if (one_in(2)) return below(pool_slots);
    return slot_of(movable[below(sizeof movable)]);
}

u64 retype_type()
{
    // TCB, endpoint, notification, CNode, scheduling context, reply ... as seL4 numbers them.
    constexpr u8 types[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 10, 10, 12, 13, 11, 9};
    return types[below(sizeof types)];
}

/// Mostly more than the least budget, on which a thread never gets a system call done: each finds
/// less than that left.
u64 microseconds()
{
    constexpr u64 times[] = {60, 100, 200, 400, 1000, 5000};
    if (one_in(32)) return 20 + below(20);
    return times[below(sizeof times / sizeof *times)];
}

/// A stack, entry or number of a worker: what a thread can run on.
u64 runnable_value(unsigned index, u64 worker)
{
    if (index == 2) return reinterpret_cast<u64>(&work);
    if (index == 3) return reinterpret_cast<u64>(shared.stack[worker].bytes + 4096 - 8);
    return 0x202;
}

struct Choice {
    u64 worker = 0; ///< whose stack and buffer a register set gets
    u64 budget = 0; ///< so that the period is mostly not below
};

u64 word_for(char letter, unsigned index, Choice& choice)
{
    if (one_in(16)) return hostile_word();
    switch (letter) {
    case 'd':
        return full_depth;
    case 'e':
        return slot_of(Kind::null);
    case 's':
        return any_full_slot();
    case 'E':
        return slot_of(Kind::endpoint);
    case 'r':
        return one_in(3) ? below(16) : 15;
    case 'b':
        return below(6);
    case 'g':
        return one_in(2) ? 0 : below(64);
    case 'G':
        return one_in(4) ? (u64{64} - pool_bits) : 0;
    case 't':
        return retype_type();
    case 'z':
        return one_in(2) ? 7 + below(4) : below(14);
    case 'n':
        return one_in(8) ? 1 + below(32) : 1 + below(2);
    case 'v':
        return virtual_address();
    case 'p':
        return 1 + below(one_in(4) ? 254 : 6);
    case 'T':
        return choice.budget = microseconds();
    case 'U':
        return one_in(3) ? choice.budget : choice.budget * (1 + below(8));
    case 'a':
    case 'x':
        return below(5);
    case 'f':
        return below(4);
    case 'h':
        return one_in(2) ? 0 : below(512);
    case 'H':
        return one_in(2) ? 512 : 1 + below(512);
    case 'i':
        return index >= 10 ? choice.worker
                           : reinterpret_cast<u64>(shared.buffer[choice.worker].bytes);
    case 'R':
        return one_in(4) ? below(22) : 20;
    case 'K':
        return runnable_value(index, choice.worker);
    case 'P':
        return 0x80 + below(4);
    case 'w':
        return hostile_word();
    default:
        return 0;
    }
}

u64 cap_for(char letter)
{
    if (one_in(24)) return hostile_word();
    switch (letter) {
    case 'c':
        return one_in(8) ? slot_of(Kind::cnode) : u64{pool_cnode};
    case 'v':
        return slot_of(Kind::pml4);
    case 'V':
        return one_in(2) ? slot_of(Kind::pml4) : u64{worker_vspace};
    case 'u':
        return slot_of(Kind::untyped);
    case 't':
        return slot_of(Kind::tcb);
    case 's':
        return one_in(8) ? 0 : slot_of(Kind::sched_context);
    case 'e':
        return one_in(5) ? 0 : slot_of(Kind::endpoint);
    case 'n':
        return slot_of(Kind::notification);
    case 'f':
        return slot_of(Kind::frame);
    case 'E':
        return one_in(2) ? 0 : slot_of(Kind::frame);
    case 'B':
        return slot_of(one_in(2) ? Kind::tcb : Kind::notification);
    default:
        return below(pool_slots);
    }
}

/// A call in the making. `first`: what the register rdi carries.
struct Call {
    Syscall number = Syscall::call;
    sys::Registers registers{};
    u64 reply = 0, destination = 0;
};

Method const& choose_method()
{
    static constexpr unsigned total = [] {
        unsigned sum = 0;
        for (Method const& m : methods) sum += m.weight;
        return sum;
    }();
    u64 left = below(total);
    for (Method const& m : methods) {
        if (left < m.weight) return m;
        left -= m.weight;
    }
    return methods[0];
}

/// The capability that a method is called on. CNode methods mostly act on the pool itself.
u64 invoked(Method const& m)
{
    if (one_in(24)) return below(pool_slots);
    if (m.object == Kind::cnode && !one_in(6)) return pool_cnode;
    if (m.object == Kind::sched_control) return sched_control;
    if (m.object == Kind::asid_control) return asid_control;
    if (m.object == Kind::domain) return domain;
    if (m.object == Kind::asid_pool && one_in(2)) return asid_pool;
    return slot_of(m.object);
}

void put_words(Call& call, abi::IpcBuffer& buffer, Method const& m, u64 words)
{
    Choice choice{.worker = below(worker_count)};
    bool ended = false;
    for (unsigned i = 0; i < words; ++i) {
        ended = ended || m.words[i] == '\0';
        u64 const word = ended ? hostile_word() : word_for(m.words[i], i, choice);
        (i < 4 ? call.registers.mr[i] : buffer.msg[i]) = word;
    }
}

u64 length_of(char const* text)
{
    u64 length = 0;
    while (text[length] != '\0') ++length;
    return length;
}

void invocation(Call& call, abi::IpcBuffer& buffer)
{
    constexpr Syscall others[] = {Syscall::send, Syscall::nb_send, Syscall::reply_recv,
                                  Syscall::nb_send_recv, Syscall::nb_send_wait};
    Method const& m = choose_method();
    u64 words = length_of(m.words), caps = length_of(m.caps);
    if (one_in(32)) words = below(24);
    if (one_in(32)) caps = below(4);
    put_words(call, buffer, m, words);
    for (unsigned i = 0; i < caps; ++i)
        buffer.caps_or_badges[i] = cap_for(i < length_of(m.caps) ? m.caps[i] : '?');
    u64 const label = one_in(64) ? below(100) : u64(m.label);
    call.registers.info = abi::MessageInfo{label, 0, caps, words}.word();
    u64 const target = invoked(m);
    call.registers.cap_or_badge = target;
    if (!one_in(24)) return;
    call.number = others[below(sizeof others / sizeof *others)];
    if (call.number == Syscall::send || call.number == Syscall::nb_send) return;
    call.registers.cap_or_badge = slot_of(one_in(2) ? Kind::endpoint : Kind::notification);
    call.destination = target;
    call.reply = call.number == Syscall::nb_send_recv ? slot_of(Kind::reply) : target;
}

/// The reply object that the worker used last, so that calls are answered.
u64 reply_of(u64 worker, bool anew)
{
    u64& mine = shared.reply[worker];
    if (anew || shared.guess[mine % pool_slots] != Kind::reply) mine = slot_of(Kind::reply);
    return mine;
}

/// Where threads meet: mostly one of few, so that they do.
u64 endpoint()
{
    return one_in(3) ? slot_of(Kind::endpoint) : shared.meeting[below(4)];
}

/// Short messages or long ones without capabilities, in their usual order: what the fast paths are
/// for. A server answers and waits where the others call.
void plain_communication(Call& call, u64 worker)
{
    constexpr Syscall by_client[] = {Syscall::call,  Syscall::call,    Syscall::call,
                                     Syscall::call,  Syscall::nb_send, Syscall::yield,
                                     Syscall::yield, Syscall::yield};
    bool const serves = is_server(worker);
    call.number =
        serves ? Syscall::reply_recv : by_client[below(sizeof by_client / sizeof *by_client)];
    u64 const length = one_in(4) ? below(abi::msg_max_length + 1) : below(5);
    call.registers.info = abi::MessageInfo{one_in(4) ? below(8) : 0, 0, 0, length}.word();
    for (u64& word : call.registers.mr) word = hostile_word();
    call.registers.cap_or_badge = shared.meeting[serves ? worker % 2 : below(2)];
    if (call.number == Syscall::nb_send && one_in(2))
        call.registers.cap_or_badge = slot_of(Kind::notification);
    call.reply = reply_of(worker, one_in(64));
}

/// A message or a wait. What may block is rarer than what does not.
void communication(Call& call, abi::IpcBuffer& buffer, u64 worker)
{
    constexpr Syscall blocking[] = {
        Syscall::call,       Syscall::call,      Syscall::send,         Syscall::recv,
        Syscall::recv,       Syscall::wait,      Syscall::nb_send_recv, Syscall::nb_send_wait,
        Syscall::reply_recv, Syscall::reply_recv};
    constexpr Syscall others[] = {Syscall::nb_send, Syscall::nb_send, Syscall::nb_send,
                                  Syscall::nb_recv, Syscall::nb_wait, Syscall::yield};
    constexpr Kind targets[] = {Kind::endpoint, Kind::notification, Kind::reply};
    call.number = one_in(3) ? blocking[below(sizeof blocking / sizeof *blocking)]
                            : others[below(sizeof others / sizeof *others)];
    u64 const label = one_in(3) ? below(8) : 0;
    u64 const caps = one_in(4) ? below(4) : 0;
    call.registers.info =
        abi::MessageInfo{label, 0, caps, one_in(8) ? below(128) : below(8)}.word();
    for (u64& word : call.registers.mr) word = hostile_word();
    for (u64 i = 0; i < caps; ++i) buffer.caps_or_badges[i] = any_full_slot();
    bool const is_call = call.number == Syscall::call || call.number == Syscall::send;
    u64 const target = is_call || one_in(3) ? endpoint() : slot_of(targets[below(3)]);
    bool const receives = call.number == Syscall::recv || call.number == Syscall::nb_recv ||
                          call.number == Syscall::reply_recv ||
                          call.number == Syscall::nb_send_recv;
    call.registers.cap_or_badge = target;
    if (receives)
        call.registers.cap_or_badge = one_in(8) ? slot_of(Kind::notification) : endpoint();
    if (call.number == Syscall::wait || call.number == Syscall::nb_wait ||
        call.number == Syscall::nb_send_wait)
        call.registers.cap_or_badge = slot_of(one_in(8) ? Kind::endpoint : Kind::notification);
    call.destination = target;
    call.reply = call.number == Syscall::nb_send_wait ? target : reply_of(worker, one_in(8));
    if (one_in(40)) {
        // Numbers that the kernel does not know; those of debug calls would end the run or print.
        call.number = Syscall{i64(below(1000))};
    }
    buffer.receive_cnode = pool_cnode;
    buffer.receive_index = slot_of(Kind::null);
    buffer.receive_depth = full_depth;
}

Record& note(u64 worker, Call const& call, abi::IpcBuffer const& buffer)
{
    Record& r = shared.ring[++shared.calls % ring_size];
    r = {shared.calls,
         worker,
         u64(call.number),
         call.registers.cap_or_badge,
         call.registers.info,
         call.reply,
         call.destination,
         {},
         {},
         ~u64{0}};
    for (unsigned i = 0; i < 8; ++i) r.words[i] = i < 4 ? call.registers.mr[i] : buffer.msg[i];
    for (unsigned i = 0; i < 3; ++i) r.caps[i] = buffer.caps_or_badges[i];
    return r;
}

Kind identify(u64 slot)
{
    sys::Registers io{slot, 0, {}};
    sys::syscall(Syscall::debug_cap_identify, io);
    return Kind(u8(io.cap_or_badge));
}

Kind kind_of_type(u64 type)
{
    constexpr Kind kinds[] = {
        Kind::untyped,       Kind::tcb,   Kind::endpoint,   Kind::notification,  Kind::cnode,
        Kind::sched_context, Kind::reply, Kind::pdpt,       Kind::pml4,          Kind::frame,
        Kind::frame,         Kind::frame, Kind::page_table, Kind::page_directory};
    return type < sizeof kinds ? kinds[type] : Kind::null;
}

Kind& guess(u64 slot)
{
    return shared.guess[slot % pool_slots];
}

/// What the pool holds after a successful call, if it was on the pool. Revoked capabilities and
/// those that went with their object are found out later: now and then a slot is looked up.
void learn_from(Record const& r, u64 error)
{
    if (one_in(6)) {
        u64 const slot = below(pool_slots);
        guess(slot) = identify(slot);
    }
    if (error == u64(abi::ErrorCode::invalid_capability) && one_in(2)) {
        guess(r.cap) = identify(r.cap % pool_slots);
    }
    if (error != 0) return;
    switch (abi::Label(abi::MessageInfo{r.info}.label())) {
    case abi::Label::untyped_retype:
        for (u64 i = 0; i < r.words[5] && i < 32; ++i)
            guess(r.words[4] + i) = kind_of_type(r.words[0]);
        break;
    case abi::Label::cnode_copy:
    case abi::Label::cnode_mint:
        guess(r.words[0]) = guess(r.words[2]);
        break;
    case abi::Label::cnode_move:
    case abi::Label::cnode_mutate:
        guess(r.words[0]) = guess(r.words[2]);
        guess(r.words[2]) = Kind::null;
        break;
    case abi::Label::cnode_delete:
        guess(r.words[0]) = Kind::null;
        break;
    default:
        break;
    }
}

} // namespace

[[noreturn]] void work(u64 worker)
{
    worker %= worker_count;
    abi::IpcBuffer& buffer = shared.ipc_buffer(unsigned(worker));
    for (;;) {
        Call call;
        if (is_server(worker) ? !one_in(16) : one_in(8))
            plain_communication(call, worker);
        else if (one_in(3))
            communication(call, buffer, worker);
        else
            invocation(call, buffer);
        Record& record = note(worker, call, buffer);
        Record const asked = record;
        shared.waits[worker] = is_server(worker) && call.number == Syscall::reply_recv;
        sys::syscall(call.number, call.registers, call.reply, call.destination);
        shared.waits[worker] = false;
        record.answer = call.registers.info;
        shared.digest = (shared.digest ^ call.registers.info ^ asked.number) * 0x100'0000'01b3;
        ++shared.progress[worker];
        if (asked.syscall == u64(Syscall::call))
            learn_from(asked, abi::MessageInfo{call.registers.info}.label());
    }
}

} // namespace fuzz
