// The supervisor's side of a case (start, wait for its end, clean up) and the checks: harness.hpp.
// The supervisor is the root server's first thread, on the highest priority; it sleeps in Recv
// while a case runs. A watchdog thread ends cases that wait for something that never comes.
#include "harness.hpp"

#include "runtime/runtime.hpp"
#include "thread.hpp"

extern "C" u8 const __ehdr_start[];
extern "C" u8 const __image_end[];

namespace kt {

namespace {

constexpr Word max_reports = 12;      ///< printed failures of one case
constexpr Word case_seconds = 60;     ///< guest time after which the watchdog ends a case
constexpr usize stack_bytes = 0x8000; ///< of the case's thread

// How a case ended: badge of the message to the supervisor.
constexpr Word ended = 1, faulted = 2, too_slow = 3;

struct State {
    seL4_BootInfo const* info;
    Word tsc_mhz;
    Slot next_fixed, next_slot, first_case_slot;
    Slot own_untyped, case_untyped;
    Word case_untyped_bits;
    Slot control, control_ended, control_slow, reply, never;
    Slot runner, runner_sc, watchdog_sc;
    Slot borrowed[16];
    Word borrowed_count;
    Word failures, failed_cases;
    char const* skipped;
    Word volatile deadline;
    Case const* test;
};
constinit State state{};

struct alignas(4096) Page {
    u8 bytes[4096];
};
constinit Page runner_buffer{}, watchdog_buffer{};
alignas(64) constinit u8 runner_stack[stack_bytes]{}, watchdog_stack[4096]{};
alignas(64) constinit u8 runner_storage[512]{}, watchdog_storage[512]{};

void must(Word error, char const* what)
{
    if (error == seL4_NoError) return;
    print("Bail out! the harness could not ", what, ": error ", error, "\n");
    end_machine();
}

Slot own_object(Word type, Word bits = 0)
{
    Slot const slot = state.next_fixed++;
    must(try_make(state.own_untyped, type, bits, slot), "make its objects");
    return slot;
}

Slot own_badge(Slot source, Word badge)
{
    Slot const slot = state.next_fixed++;
    must(seL4_CNode_Mint(root_cnode, slot, depth, root_cnode, source, depth, seL4_AllRights, badge),
         "badge its endpoint");
    return slot;
}

void choose_untypeds()
{
    Slot own = 0, best = 0;
    Word own_bits = 64, best_bits = 0;
    for (Word i = 0; i < state.info->untyped.end - state.info->untyped.start; ++i) {
        seL4_UntypedDesc const& untyped = state.info->untypedList[i];
        if (untyped.isDevice) continue;
        if (untyped.sizeBits >= 16 && untyped.sizeBits < own_bits) {
            own = state.info->untyped.start + i;
            own_bits = untyped.sizeBits;
        }
        if (untyped.sizeBits <= 26 && untyped.sizeBits > best_bits) {
            best = state.info->untyped.start + i;
            best_bits = untyped.sizeBits;
        }
    }
    if (own == 0 || best == own || best_bits < 22) must(1, "find enough memory");
    state.own_untyped = own;
    state.case_untyped = best;
    state.case_untyped_bits = best_bits;
}

Word find_tsc_mhz(seL4_BootInfo const* info)
{
    auto const* chunk = reinterpret_cast<u8 const*>(info) + 4096;
    auto const* const end = chunk + info->extraLen;
    while (chunk + sizeof(seL4_BootInfoHeader) <= end) {
        auto const* header = reinterpret_cast<seL4_BootInfoHeader const*>(chunk);
        if (header->id == SEL4_BOOTINFO_HEADER_X86_TSC_FREQ)
            return *reinterpret_cast<u32 const*>(chunk + sizeof *header);
        if (header->len < sizeof *header) break;
        chunk += header->len;
    }
    return 0;
}

void set_registers(Slot tcb, void (*entry)(), u8* stack, usize size, u8* storage, Page& buffer)
{
    seL4_UserContext registers{};
    registers.rip = reinterpret_cast<Word>(entry);
    registers.rsp = reinterpret_cast<Word>(stack) + size - 8; // as if called
    registers.rflags = 0x202;
    registers.fs_base = runtime::tls_make(storage, reinterpret_cast<seL4_IPCBuffer*>(&buffer));
    must(seL4_TCB_WriteRegisters(tcb, 0, 0, sizeof registers / sizeof(Word), &registers),
         "set registers");
}

Slot own_thread(Word priority, Slot sc, Slot fault_ep, Page& buffer)
{
    Slot const tcb = own_object(seL4_TCBObject);
    must(seL4_TCB_Configure(tcb, root_cnode, 0, root_vspace, 0, reinterpret_cast<Word>(&buffer),
                            image_frame(&buffer)),
         "configure a thread");
    must(seL4_TCB_SetSchedParams(tcb, root_tcb, seL4_MaxPrio, priority, sc, fault_ep),
         "set scheduling parameters");
    return tcb;
}

void run_watchdog()
{
    for (;;) {
        if (state.deadline != 0 && rdtsc() > state.deadline) {
            state.deadline = 0;
            seL4_NBSend(state.control_slow, seL4_MessageInfo_new(0, 0, 0, 0));
        }
        seL4_Yield(); // to the next period
    }
}

void run_test()
{
    state.test->run();
    end_case();
}

/// Undoes what a case may have done to its own thread.
void reset_runner()
{
    seL4_TCB_Suspend(state.runner);
    seL4_TCB_UnbindNotification(state.runner);
    seL4_TCB_SetFlags(state.runner, seL4_TCBFlag_fpuDisabled, 0);
    seL4_TCB_SetTimeoutEndpoint(state.runner, 0);
    seL4_SchedContext_Unbind(state.runner_sc);
    must(
        seL4_SchedControl_ConfigureFlags(sched_control(), state.runner_sc, 10'000, 10'000, 0, 0, 0),
        "configure the case's time");
    must(seL4_TCB_SetPriority(state.runner, root_tcb, case_priority), "set the priority");
    must(seL4_SchedContext_Bind(state.runner_sc, state.runner), "give the case its time");
}

void clean_up()
{
    seL4_TCB_Suspend(state.runner);
    must(seL4_CNode_Revoke(root_cnode, state.case_untyped, depth), "revoke the case's memory");
    for (Word i = 0; i < state.borrowed_count; ++i)
        must(seL4_CNode_Revoke(root_cnode, state.borrowed[i], depth), "revoke device memory");
    for (Slot slot = state.first_case_slot; slot < state.next_slot; ++slot)
        must(seL4_CNode_Delete(root_cnode, slot, depth), "empty a slot");
    state.borrowed_count = 0;
    state.next_slot = state.first_case_slot;
    forget_threads();
}

void report_fault(Operation const& message)
{
    ++state.failures;
    print("# the case faulted: label ", message.label());
    for (int i = 0; i < 4; ++i) print(" ", Hex{message.out[i]});
    print("\n");
}

/// Starts the case and waits for its end.
void run_to_end(Case const& test)
{
    state.test = &test;
    reset_runner();
    auto& buffer = *reinterpret_cast<seL4_IPCBuffer*>(&runner_buffer);
    buffer.receiveCNode = buffer.receiveIndex = buffer.receiveDepth = 0;
    set_registers(state.runner, run_test, runner_stack, sizeof runner_stack, runner_storage,
                  runner_buffer);
    state.deadline = rdtsc() + case_seconds * 1'000'000 * state.tsc_mhz;
    must(seL4_TCB_Resume(state.runner), "start the case");
    Operation const message = now(recv(state.control, state.reply));
    state.deadline = 0;
    if (message.badge == faulted) report_fault(message);
    if (message.badge == too_slow) {
        ++state.failures;
        print("# no end after ", case_seconds, " s of guest time\n");
    }
}

} // namespace

void fail(char const* file, Word line, char const* what)
{
    if (++state.failures <= max_reports) print("# ", file, ":", line, ": ", what, "\n");
}

void fail(char const* file, Word line, char const* what, Word got, Word want)
{
    if (++state.failures <= max_reports)
        print("# ", file, ":", line, ": ", what, " is ", Hex{got}, ", should be ", Hex{want}, "\n");
}

void check_error(char const* file, Word line, char const* what, Word got, Word want,
                 std::initializer_list<Word> words)
{
    if (got != want) return fail(file, line, what, got, want);
    int at = 0;
    for (Word word : words) {
        if (seL4_GetMR(at) != word) {
            if (state.failures < max_reports) print("# message register ", Word(at), " of:\n");
            fail(file, line, what, seL4_GetMR(at), word);
        }
        ++at;
    }
}

bool failed()
{
    return state.failures != 0;
}

void end_case()
{
    for (;;) seL4_Send(state.control_ended, seL4_MessageInfo_new(0, 0, 0, 0));
}

void skip(char const* why)
{
    state.skipped = why;
    end_case();
}

seL4_BootInfo const& boot_info()
{
    return *state.info;
}
Slot case_untyped()
{
    return state.case_untyped;
}
Word case_untyped_bits()
{
    return state.case_untyped_bits;
}

Slot never()
{
    return state.never;
}
Slot own_tcb()
{
    return state.runner;
}
Slot own_sc()
{
    return state.runner_sc;
}

Slot new_slots(Word count)
{
    Slot const first = state.next_slot;
    REQUIRE(first + count <= state.info->empty.end);
    state.next_slot += count;
    return first;
}

seL4_Error try_make(Slot untyped, Word type, Word bits, Slot slot, Word count)
{
    return seL4_Untyped_Retype(untyped, type, bits, root_cnode, 0, 0, slot, count);
}

Slot make(Word type, Word bits, Word count)
{
    Slot const slot = new_slots(count);
    REQUIRE_OK(try_make(state.case_untyped, type, bits, slot, count));
    return slot;
}

Slot copy(Slot source, seL4_CapRights_t copy_rights)
{
    Slot const slot = new_slots();
    REQUIRE_OK(seL4_CNode_Copy(root_cnode, slot, depth, root_cnode, source, depth, copy_rights));
    return slot;
}

Slot mint(Slot source, Word badge, seL4_CapRights_t mint_rights)
{
    Slot const slot = new_slots();
    REQUIRE_OK(
        seL4_CNode_Mint(root_cnode, slot, depth, root_cnode, source, depth, mint_rights, badge));
    return slot;
}

void remove(Slot slot)
{
    REQUIRE_OK(seL4_CNode_Delete(root_cnode, slot, depth));
}

seL4_CapRights_t rights(Word bits)
{
    seL4_CapRights_t result = seL4_NoRights;
    result.words[0] = bits;
    return result;
}

static Slot borrow(Word index)
{
    REQUIRE(state.borrowed_count < std::size(state.borrowed));
    return state.borrowed[state.borrowed_count++] = state.info->untyped.start + index;
}

Slot device_untyped(Word bits, Word* paddr)
{
    for (Word i = 0; i < state.info->untyped.end - state.info->untyped.start; ++i) {
        seL4_UntypedDesc const& untyped = state.info->untypedList[i];
        if (!untyped.isDevice || untyped.sizeBits < bits) continue;
        if (paddr) *paddr = untyped.paddr;
        return borrow(i);
    }
    return 0;
}

Slot device_untyped_at(Word paddr, Word* base, Word* bits)
{
    for (Word i = 0; i < state.info->untyped.end - state.info->untyped.start; ++i) {
        seL4_UntypedDesc const& untyped = state.info->untypedList[i];
        if (!untyped.isDevice || paddr - untyped.paddr >= Word{1} << untyped.sizeBits) continue;
        *base = untyped.paddr;
        *bits = untyped.sizeBits;
        return borrow(i);
    }
    return 0;
}

Word image_start()
{
    return reinterpret_cast<Word>(__ehdr_start);
}
Word image_pages()
{
    return (reinterpret_cast<Word>(__image_end) - image_start()) / 4096;
}

Slot image_frame(void const* address)
{
    return state.info->userImageFrames.start +
           (reinterpret_cast<Word>(address) - image_start()) / 4096;
}

Word tsc_mhz()
{
    return state.tsc_mhz;
}
Word ticks(Word microseconds)
{
    return microseconds * state.tsc_mhz;
}
void spin(Word microseconds)
{
    Word const end = rdtsc() + ticks(microseconds);
    while (rdtsc() < end) {
    }
}

Word failed_cases()
{
    return state.failed_cases;
}

void harness_init(seL4_BootInfo const* info)
{
    state.info = info;
    state.tsc_mhz = find_tsc_mhz(info);
    if (state.tsc_mhz == 0) must(1, "find the TSC frequency");
    state.next_fixed = info->empty.start;
    choose_untypeds();
    state.control = own_object(seL4_EndpointObject);
    state.reply = own_object(seL4_ReplyObject);
    state.never = own_object(seL4_NotificationObject);
    state.control_ended = own_badge(state.control, ended);
    Slot const control_fault = own_badge(state.control, faulted);
    state.control_slow = own_badge(state.control, too_slow);
    state.runner_sc = own_object(seL4_SchedContextObject, seL4_MinSchedContextBits);
    state.watchdog_sc = own_object(seL4_SchedContextObject, seL4_MinSchedContextBits);
    must(
        seL4_SchedControl_ConfigureFlags(sched_control(), state.runner_sc, 10'000, 10'000, 0, 0, 0),
        "configure time");
    must(seL4_SchedControl_ConfigureFlags(sched_control(), state.watchdog_sc, 2'000, 500'000, 0, 0,
                                          0),
         "configure time");
    state.runner = own_thread(case_priority, state.runner_sc, control_fault, runner_buffer);
    Slot const watchdog =
        own_thread(seL4_MaxPrio - 1, state.watchdog_sc, control_fault, watchdog_buffer);
    set_registers(watchdog, run_watchdog, watchdog_stack, sizeof watchdog_stack, watchdog_storage,
                  watchdog_buffer);
    must(seL4_TCB_Resume(watchdog), "start the watchdog");
    state.first_case_slot = state.next_slot = state.next_fixed;
}

void run_case(Case const& test, Word number)
{
    state.failures = 0;
    state.skipped = nullptr;
    run_to_end(test);
    clean_up();
    if (state.failures > max_reports) print("# ", state.failures - max_reports, " more failures\n");
    if (state.failures != 0) ++state.failed_cases;
    print(state.failures ? "not ok " : "ok ", number, " - ", test.name);
    if (state.skipped) print(" # SKIP ", state.skipped);
    print("\n");
}

} // namespace kt
