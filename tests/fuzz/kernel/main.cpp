// The fuzz root server: workers make random system calls over a pool of about 1,000 capabilities,
// and the first thread, on the highest priority, keeps them going: it wakes once in a period,
// restarts workers that make no progress, puts back what the pool must have, and gives memory back
// by revoking. Its own capabilities lie in the root CNode, which no worker can name, and its memory
// is read-only to workers: whatever they do, the run goes on.
// Seed and number of calls are patched into `parameters` by run.py; so a run can be repeated.
#include "abi/boot_info.hpp"
#include "runtime/runtime.hpp"
#include "shared.hpp"
#include "sys/debug.hpp"

#include <hypercore/extensions.h>
#include <sel4/sel4.h>

extern "C" u8 const __ehdr_start[];
extern "C" u8 const __image_end[];

namespace fuzz {

constinit Shared shared{};

namespace {

/// Filled in by run.py, which finds it by `magic`.
struct Parameters {
    char magic[16];
    u64 seed, calls;
};
[[gnu::used]] Parameters volatile parameters{"fuzz-parameters", 1, 10'000};

constexpr u8 depth = 64;
constexpr u64 page = 4096;
constexpr u64 root_cnode = seL4_CapInitThreadCNode, root_tcb = seL4_CapInitThreadTCB,
              root_vspace = seL4_CapInitThreadVSpace;
constexpr unsigned base_count = 8, base_bits = 18; ///< memory that is given back a part at a time

struct State {
    seL4_BootInfo const* info;
    u64 next_slot;
    u64 pool, vspace, memory; ///< slots of the root CNode
    u64 timer_ports;
    u64 first_frame;        ///< the workers' pages of this program, in a row
    u64 calls, quiet_wakes; ///< calls at the last look; wakes since there was a new one
    u64 base[base_count];   ///< untypeds: parents of everything in the pool
    u64 seen[worker_count]; ///< progress at the last look
    u64 idle_for[worker_count];
    u64 tcb_slot[worker_count]; ///< in the pool: where the worker's TCB was put
    u64 sc_slot[worker_count];  ///< and its scheduling context
    u64 restarts, wakes;
    u64 held_tcb, held_sc;         ///< slots of the root CNode for hold()
    u64 next_fill;                 ///< slot of the pool that fill_up comes to next
    u64 tried = 1, found_full = 0; ///< by fill_up, once the pool is warm
};
constinit State state{};

void must(u64 error, char const* what)
{
    if (error == seL4_NoError) return;
    sys::debug::put("fuzz: the supervisor could not ");
    sys::debug::put(what);
    sys::debug::put(", error ");
    sys::debug::put_number(error);
    sys::debug::put("\nBail out! the supervisor failed\n");
    sys::debug::halt();
}

void say(char const* text, u64 number, char const* rest = "\n")
{
    sys::debug::put(text);
    sys::debug::put_number(number);
    sys::debug::put(rest);
}

u64 retype(u64 untyped, u64 type, u64 bits, u64 cnode, u64 slot, u64 count = 1)
{
    return seL4_Untyped_Retype(untyped, type, bits, cnode, 0, 0, slot, count);
}
u64 own_object(u64 type, u64 bits)
{
    u64 const slot = state.next_slot++;
    must(retype(state.memory, type, bits, root_cnode, slot), "make its objects");
    return slot;
}

/// Our CSpace has two halves (split_cspace): the root CNode, as at boot, and the pool.
u64 in_pool(u64 slot)
{
    return u64{1} << 63 | slot;
}
Kind kind_in_pool(u64 slot)
{
    return Kind(u8(seL4_DebugCapIdentify(in_pool(slot))));
}

/// A copy of our own of what lies in the pool, to call; 0 (which calls nothing) if it is of another
/// kind. Workers may change the pool whenever our budget ends, and a call to what is an endpoint by
/// then would be a message that nobody answers.
u64 hold(u64 place, u64 slot, Kind kind)
{
    seL4_CNode_Delete(root_cnode, place, depth);
    seL4_CNode_Copy(root_cnode, place, depth, state.pool, slot, depth, seL4_AllRights);
    return Kind(u8(seL4_DebugCapIdentify(place))) == kind ? place : 0;
}

/// A copy of a CNode capability in one of our slots, with a guard of so many zero bits.
void mint_guarded(u64 cnode, u64 slot, u8 slot_depth, u64 source, u64 guard_bits)
{
    must(seL4_CNode_Mint(cnode, slot, slot_depth, root_cnode, source, depth, seL4_AllRights,
                         guard_bits),
         "set a guard");
}

/// Makes the pool, and a CNode of two slots above it and the root CNode: addresses from 2^63 on are
/// the pool's, the others stay as they are.
void split_cspace()
{
    u64 const bare = own_object(seL4_CapTableObject, pool_bits);
    state.pool = state.next_slot++;
    mint_guarded(root_cnode, state.pool, depth, bare, depth - pool_bits);
    u64 const top = own_object(seL4_CapTableObject, 1);
    mint_guarded(top, 0, 1, root_cnode, depth - 1 - state.info->initThreadCNodeSizeBits);
    mint_guarded(top, 1, 1, bare, depth - 1 - pool_bits);
    must(seL4_TCB_SetSpace(root_tcb, 0, top, 0, root_vspace, 0), "split its CSpace");
}

void choose_memory()
{
    u64 best = 0, best_bits = 0;
    for (u64 i = 0; i < state.info->untyped.end - state.info->untyped.start; ++i) {
        seL4_UntypedDesc const& u = state.info->untypedList[i];
        if (u.isDevice || u.sizeBits > 24 || u.sizeBits <= best_bits) continue;
        best = state.info->untyped.start + i;
        best_bits = u.sizeBits;
    }
    must(best_bits < 22, "find memory");
    state.memory = best;
}

constexpr auto default_attributes = seL4_X86_Default_VMAttributes;

u64 image_start()
{
    return reinterpret_cast<u64>(__ehdr_start) & ~(page - 1);
}
u64 image_frame(u64 address)
{
    return state.info->userImageFrames.start + (address - image_start()) / page;
}
u64 image_pages()
{
    return (reinterpret_cast<u64>(__image_end) - image_start()) / page;
}

/// Maps this program into the workers' address space; of it only `shared` can be written. Also
/// puts pages back in whose place a worker has mapped something: it has a capability for that.
void map_program()
{
    u64 const open = reinterpret_cast<u64>(&shared), open_end = open + sizeof shared;
    for (u64 i = 0; i < image_pages(); ++i) {
        u64 const at = image_start() + i * page;
        auto const rights = at >= open && at < open_end ? seL4_ReadWrite : seL4_CanRead;
        must(seL4_X86_Page_Map(state.first_frame + i, state.vspace, at, rights, default_attributes),
             "map a page");
    }
}

void make_vspace()
{
    u64 const first = image_start();
    state.vspace = own_object(seL4_X64_PML4Object, 0);
    must(seL4_X86_ASIDPool_Assign(seL4_CapInitThreadASIDPool, state.vspace), "name a VSpace");
    must(seL4_X86_PDPT_Map(own_object(seL4_X86_PDPTObject, 0), state.vspace, first,
                           default_attributes),
         "map a PDPT");
    must(seL4_X86_PageDirectory_Map(own_object(seL4_X86_PageDirectoryObject, 0), state.vspace,
                                    first, default_attributes),
         "map a directory");
    must(seL4_X86_PageTable_Map(own_object(seL4_X86_PageTableObject, 0), state.vspace, first,
                                default_attributes),
         "map a table");
    state.first_frame = state.next_slot;
    for (u64 i = 0; i < image_pages(); ++i)
        must(seL4_CNode_Copy(root_cnode, state.next_slot++, depth, root_cnode,
                             image_frame(first + i * page), depth, seL4_AllRights),
             "copy a frame");
    map_program();
}

/// A copy of one of our capabilities in the pool, in place of what is there.
void put_into_pool(u64 slot, u64 source)
{
    seL4_CNode_Delete(state.pool, slot, depth);
    seL4_CNode_Copy(state.pool, slot, depth, root_cnode, source, depth, seL4_AllRights);
    shared.guess[slot] = kind_in_pool(slot);
}

void restore_fixed()
{
    struct Row {
        u64 slot, source;
        Kind kind;
    };
    Row const rows[] = {
        {pool_cnode, state.pool, Kind::cnode},
        {worker_vspace, state.vspace, Kind::pml4},
        {sched_control, state.info->schedcontrol.start, Kind::sched_control},
        {asid_control, seL4_CapASIDControl, Kind::asid_control},
        {asid_pool, seL4_CapInitThreadASIDPool, Kind::asid_pool},
        {domain, seL4_CapDomain, Kind::domain},
    };
    for (Row const& row : rows)
        if (kind_in_pool(row.slot) != row.kind) put_into_pool(row.slot, row.source);
}

u64 empty_pool_slot()
{
    for (unsigned tries = 0; tries < 8; ++tries) {
        u64 const slot = slot_of(Kind::null);
        if (slot < first_free) continue;
        if (kind_in_pool(slot) == Kind::null) return slot;
        shared.guess[slot] = kind_in_pool(slot);
    }
    u64 const slot = first_free + below(pool_slots - first_free);
    seL4_CNode_Delete(state.pool, slot, depth);
    return slot;
}

/// A new object in the pool; 0 when memory or slots are used up.
u64 pool_object(u64 type, u64 bits)
{
    u64 const slot = empty_pool_slot(), base = state.base[below(base_count)];
    if (retype(base, type, bits, state.pool, slot) != seL4_NoError) return 0;
    shared.guess[slot] = kind_in_pool(slot);
    return slot;
}

/// Gives one part of the memory back and fills the pool up.
void renew_memory(unsigned part)
{
    seL4_CNode_Revoke(root_cnode, state.base[part], depth);
    for (unsigned i = 0; i < 2; ++i) {
        u64 const slot = empty_pool_slot();
        retype(state.base[part], seL4_UntypedObject, base_bits - 2, state.pool, slot);
        shared.guess[slot] = kind_in_pool(slot);
    }
}

void populate()
{
    struct Row {
        u64 type, bits;
        unsigned count;
    };
    constexpr Row rows[] = {{seL4_TCBObject, 0, 24},
                            {seL4_EndpointObject, 0, 24},
                            {seL4_NotificationObject, 0, 20},
                            {seL4_ReplyObject, 0, 24},
                            {seL4_SchedContextObject, 8, 24},
                            {seL4_CapTableObject, 3, 12},
                            {seL4_X86_4K, 0, 30},
                            {seL4_X64_PML4Object, 0, 6},
                            {seL4_X86_PDPTObject, 0, 6},
                            {seL4_X86_PageDirectoryObject, 0, 8},
                            {seL4_X86_PageTableObject, 0, 8}};
    for (Row const& row : rows)
        for (unsigned i = 0; i < row.count; ++i) pool_object(row.type, row.bits);
}

u64 some_full_slot()
{
    u64 slot = below(pool_slots);
    for (unsigned tries = 0; tries < 8 && shared.guess[slot] == Kind::null; ++tries)
        slot = below(pool_slots);
    return slot;
}

/// Tries to put a copy of something into so many slots, each in its turn: deletions and revocations
/// thin the pool out, and workers only guess what is in a slot.
void fill_up(unsigned slots)
{
    constexpr unsigned warm = 128; // wakes
    for (unsigned i = 0; i < slots; ++i) {
        u64 const source = some_full_slot(), slot = state.next_fill;
        state.next_fill = slot + 1 == pool_slots ? u64{first_free} : slot + 1;
        u64 const error = seL4_CNode_Mint(state.pool, slot, depth, state.pool, source, depth,
                                          seL4_CapRights_t{{one_in(4) ? below(16) : 15}},
                                          one_in(2) ? below(6) : 0);
        bool const was_full = error == seL4_DeleteFirst;
        if (error == seL4_NoError || (was_full && shared.guess[slot] == Kind::null))
            shared.guess[slot] = kind_in_pool(slot);
        else if (!was_full)
            shared.guess[slot] = Kind::null;
        state.tried += state.wakes >= warm;
        state.found_full += state.wakes >= warm && was_full;
    }
}

/// Starts the timer chip, which else has been running since the machine was reset: how long that
/// takes is not the same in each run, and its interrupts shall be.
void start_timer_chip()
{
    constexpr u64 first = 0x40, last = 0x43, control = 0x43, rate_generator = 0x34, count = 1193;
    state.timer_ports = state.next_slot++;
    must(seL4_X86_IOPortControl_Issue(seL4_CapIOPortControl, first, last, root_cnode,
                                      state.timer_ports, depth),
         "get the timer chip's ports");
    seL4_X86_IOPort_Out8(state.timer_ports, control, rate_generator);
    seL4_X86_IOPort_Out8(state.timer_ports, first, count & 255);
    seL4_X86_IOPort_Out8(state.timer_ports, first, count >> 8);
}

/// Interrupts of the timer chip, so that handlers have something to do; ports that harm nobody.
void add_devices()
{
    u64 const slot = empty_pool_slot();
    seL4_IRQControl_GetIOAPIC(seL4_CapIRQControl, state.pool, slot, depth, 0, 2, 0, 0, below(8));
    shared.guess[slot] = kind_in_pool(slot);
    u64 const port = empty_pool_slot();
    // Not the timer chip's: at its highest rate there would be time for nothing but interrupts.
    seL4_X86_IOPortControl_Issue(seL4_CapIOPortControl, 0x80, 0x83, state.pool, port, depth);
    shared.guess[port] = kind_in_pool(port);
}

/// Lets the thread begin worker `i` anew, whatever it waits for.
u64 begin(unsigned i, u64 tcb)
{
    seL4_UserContext registers{};
    registers.rip = reinterpret_cast<u64>(&work);
    registers.rsp = reinterpret_cast<u64>(shared.stack[i].bytes) + page - 8;
    registers.rflags = 0x202;
    registers.rdi = i;
    return seL4_TCB_WriteRegisters(tcb, 1, 0, sizeof registers / sizeof(u64), &registers);
}

/// Makes some TCB of the pool run worker `i`, with everything new.
void restart(unsigned i)
{
    ++state.restarts;
    u64 slot = state.tcb_slot[i];
    if (kind_in_pool(slot) != Kind::tcb) slot = slot_of(Kind::tcb);
    if (kind_in_pool(slot) != Kind::tcb) slot = pool_object(seL4_TCBObject, 0);
    if (slot == 0 || kind_in_pool(slot) != Kind::tcb) return;
    state.tcb_slot[i] = slot;
    u64 const tcb = hold(state.held_tcb, slot, Kind::tcb);
    u64 sc = slot_of(Kind::sched_context);
    if (kind_in_pool(sc) != Kind::sched_context) sc = pool_object(seL4_SchedContextObject, 8);
    seL4_TCB_Suspend(tcb);
    u64 const context = hold(state.held_sc, sc, Kind::sched_context);
    state.sc_slot[i] = sc;
    u64 const fault = one_in(2) ? slot_of(Kind::endpoint) : shared.meeting[below(4)];
    u64 const fault_ep = kind_in_pool(fault) == Kind::endpoint && !one_in(4) ? in_pool(fault) : 0;
    u64 const buffer = reinterpret_cast<u64>(shared.buffer[i].bytes);
    seL4_TCB_Configure(tcb, state.pool, 0, state.vspace, 0, buffer, image_frame(buffer));
    // Half are equals on plain contexts, as in many systems, so that Yield has somebody to yield
    // to.
    bool const is_plain = one_in(2), has_levels = !is_plain && one_in(3);
    u64 const budget = 100 + below(400), priority = is_plain ? 3 : 1 + below(6);
    u64 const period = is_plain || one_in(2) ? budget : budget * (2 + below(6));
    seL4_SchedContext_Unbind(context);
    seL4_SchedControl_ConfigureFlags(state.info->schedcontrol.start, context, budget, period,
                                     below(4), below(6), is_plain ? 0 : below(2));
    hypercore_SchedControl_ConfigureFeedback(state.info->schedcontrol.start, context, has_levels);
    seL4_TCB_SetSchedParams(tcb, root_tcb, 254, is_server(i) ? 6 : priority, context, fault_ep);
    if (one_in(3)) seL4_TCB_SetTimeoutEndpoint(tcb, fault_ep);
    hypercore_TCB_SetForeign(tcb, 0);
    begin(i, tcb);
}

void make_passive(unsigned i)
{
    seL4_SchedContext_Unbind(hold(state.held_sc, state.sc_slot[i], Kind::sched_context));
}

void look_after_workers()
{
    for (unsigned i = 0; i < worker_count; ++i) {
        bool const moved = shared.progress[i] != state.seen[i];
        state.seen[i] = shared.progress[i];
        state.idle_for[i] = moved ? 0 : state.idle_for[i] + 1;
        // Servers, and others that wait, become passive: they run on what their callers lend them.
        if (is_server(i) ? shared.waits[i] : state.idle_for[i] == 1 && one_in(3)) make_passive(i);
        if (!is_server(i) && state.idle_for[i] == 1 + below(2))
            begin(i, hold(state.held_tcb, state.tcb_slot[i], Kind::tcb));
        u64 const patience = shared.waits[i] ? 24 : 6; // a server waits for others
        if (state.idle_for[i] < patience) continue;
        state.idle_for[i] = 0;
        restart(i);
    }
}

void choose_meeting(u64& slot)
{
    if (!one_in(64) && kind_in_pool(slot) == Kind::endpoint) return;
    slot = slot_of(Kind::endpoint);
    if (kind_in_pool(slot) != Kind::endpoint) slot = pool_object(seL4_EndpointObject, 0);
}

void wake_up()
{
    u64 const n = ++state.wakes;
    state.quiet_wakes = shared.calls != state.calls ? 0 : state.quiet_wakes + 1;
    state.calls = shared.calls;
    if (state.quiet_wakes % 16 == 15) map_program();
    restore_fixed();
    choose_meeting(shared.meeting[n % 4]);
    look_after_workers();
    fill_up(14);
    if (n % 16 == 0) add_devices();
    if (n % 64 == 0) renew_memory(unsigned(below(base_count)));
    if (n % 8 == 0) {
        constexpr u64 types[] = {seL4_TCBObject,     seL4_EndpointObject, seL4_NotificationObject,
                                 seL4_ReplyObject,   seL4_X86_4K,         seL4_SchedContextObject,
                                 seL4_X64_PML4Object};
        pool_object(types[below(sizeof types / sizeof *types)], 8);
    }
}

void set_up(seL4_BootInfo const* info)
{
    state.info = info;
    state.next_fill = first_free;
    state.next_slot = info->empty.start;
    state.held_tcb = state.next_slot++;
    state.held_sc = state.next_slot++;
    shared.random = parameters.seed * 0x9e37'79b9'7f4a'7c15 + 1;
    for (unsigned i = 0; i < 8; ++i) random_word();
    choose_memory();
    split_cspace();
    make_vspace();
    for (u64& base : state.base) base = own_object(seL4_UntypedObject, base_bits);
    restore_fixed();
    for (unsigned i = 0; i < base_count; ++i) renew_memory(i);
    start_timer_chip();
    populate();
    fill_up(pool_slots);
    add_devices();
    // Once in a period the supervisor gets its budget; it gives back what it does not need.
    must(seL4_SchedControl_ConfigureFlags(info->schedcontrol.start, seL4_CapInitThreadSC, 1500,
                                          6000, 0, 0, 0),
         "set its period");
    for (u64& slot : shared.meeting) choose_meeting(slot);
    for (unsigned i = 0; i < worker_count; ++i) restart(i);
}

} // namespace
} // namespace fuzz

int main(void* argument)
{
    using namespace fuzz;
    set_up(static_cast<seL4_BootInfo const*>(argument));
    shared.magic[0] = ring_magic[0];
    shared.magic[1] = ring_magic[1];
    sys::debug::put("1..1\n");
    say("fuzz: seed ", parameters.seed, "");
    say(", ", parameters.calls, " calls\n");
    for (u64 told = 0; shared.calls < parameters.calls;) {
        wake_up();
        if (shared.calls >= told + 5000) say("fuzz: calls ", told = shared.calls);
        seL4_Yield();
    }
    say("fuzz: restarts ", state.restarts, "");
    say(", wakes ", state.wakes, "");
    say(", instructions ", __builtin_ia32_rdtsc(), "");
    say(", digest ", shared.digest);
    say("fuzz: capabilities on average ", state.found_full * pool_slots / state.tried);
    say("ok 1 - random calls: ", shared.calls);
    seL4_DebugHalt();
    return 0;
}
