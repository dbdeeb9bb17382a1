// TCB methods: registers, spaces, IPC buffer, priorities, suspend and resume, bound notification,
// local storage, flags. [seL4 manual, "Threads and Execution"; facts in libs/abi]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

constexpr Word register_count = sizeof(seL4_UserContext) / sizeof(Word);

void registers_read_back_as_written()
{
    Thread& thread = make_thread();
    seL4_UserContext written{};
    Word* const words = &written.rip;
    for (Word i = 0; i < register_count; ++i) words[i] = 0x1000 + i * 0x111;
    written.rflags = 0x202;
    REQUIRE_OK(seL4_TCB_WriteRegisters(thread.tcb, 0, 0, register_count, &written));
    seL4_UserContext const read = thread.registers();
    for (Word i = 0; i < register_count; ++i) CHECK_EQ((&read.rip)[i], words[i]);
    // A count below all leaves the others alone.
    seL4_UserContext few{};
    few.rip = 0x5000;
    few.rsp = 0x6000;
    REQUIRE_OK(seL4_TCB_WriteRegisters(thread.tcb, 0, 0, 2, &few));
    seL4_UserContext const after = thread.registers();
    CHECK_EQ(after.rip, 0x5000);
    CHECK_EQ(after.rsp, 0x6000);
    CHECK_EQ(after.rax, written.rax);
    CHECK_EQ(after.gs_base, written.gs_base);
}

void flags_cannot_be_set_freely()
{
    Thread& thread = make_thread();
    seL4_UserContext context{};
    context.rip = 0x1000;
    context.rflags = ~Word{0};
    REQUIRE_OK(seL4_TCB_WriteRegisters(thread.tcb, 0, 0, 3, &context));
    Word const flags = thread.registers().rflags;
    CHECK_EQ(flags & 0x202, 0x202);
    CHECK_EQ(flags & 0x3000, 0);  // IOPL
    CHECK_EQ(flags & 0x4000, 0);  // NT
    CHECK_EQ(flags & 0x20000, 0); // VM
    CHECK_EQ(flags & 0x100, 0);   // TF
    context.rflags = 0;
    REQUIRE_OK(seL4_TCB_WriteRegisters(thread.tcb, 0, 0, 3, &context));
    CHECK_EQ(thread.registers().rflags & 0x202, 0x202);
}

void register_counts_are_checked()
{
    Thread& thread = make_thread();
    seL4_UserContext context{};
    for (Word count : {Word{0}, Word{21}, Word{100}, ~Word{0}}) {
        Operation const result = invoke(thread.tcb, TCBReadRegisters, {0, count});
        CHECK_EQ(result.label(), seL4_RangeError);
        CHECK_EQ(result.out[0], 1);
        CHECK_EQ(result.out[1], register_count);
    }
    CHECK_EQ(seL4_TCB_ReadRegisters(own_tcb(), 0, 0, register_count, &context),
             seL4_IllegalOperation);
    CHECK_EQ(seL4_TCB_WriteRegisters(own_tcb(), 0, 0, 2, &context), seL4_IllegalOperation);
    // A count above the words of the message is a truncated message.
    CHECK_EQ(invoke(thread.tcb, TCBWriteRegisters, {0, 3, 1, 2}).label(), seL4_TruncatedMessage);
    CHECK_EQ(invoke(thread.tcb, TCBWriteRegisters, {0, 2, 1, 2}).label(), seL4_NoError);
}

Word volatile counter;

void count_for_ever(Word)
{
    for (;;) counter = counter + 1;
}

ThreadConfig below()
{
    ThreadConfig config;
    config.priority = below_priority;
    config.budget_us = config.period_us = 2000;
    return config;
}

/// Lets threads of lower priority run for a while.
void let_others_run(Word microseconds = 3000)
{
    Slot const ntfn = make(seL4_NotificationObject);
    // A thread between us and them wakes us when its time has come.
    static Slot target;
    static Word duration;
    target = ntfn;
    duration = microseconds;
    ThreadConfig config;
    config.priority = below_priority;
    config.budget_us = config.period_us = 1000;
    spawn(
        [](Word) {
            Word const end = rdtsc() + ticks(duration);
            while (rdtsc() < end) seL4_Yield();
            seL4_Signal(target);
        },
        0, config);
    now(wait(ntfn));
}

void suspended_threads_stand_still()
{
    counter = 0;
    Thread& thread = spawn(count_for_ever, 0, below());
    let_others_run();
    CHECK(counter > 0);
    thread.suspend();
    Word const stopped = counter;
    let_others_run();
    CHECK_EQ(counter, stopped);
    thread.suspend(); // again: nothing happens
    thread.resume();
    let_others_run();
    CHECK(counter > stopped);
    thread.resume(); // a running thread: nothing happens
    let_others_run();
}

void read_registers_can_suspend()
{
    counter = 0;
    Thread& thread = spawn(count_for_ever, 0, below());
    let_others_run();
    seL4_UserContext context{};
    REQUIRE_OK(seL4_TCB_ReadRegisters(thread.tcb, 1, 0, register_count, &context));
    CHECK(context.rip >= image_start() && context.rip < image_start() + image_pages() * 4096);
    CHECK(context.rsp <= thread.stack_top() && context.rsp > thread.stack_top() - 0x4000);
    Word const stopped = counter;
    let_others_run();
    CHECK_EQ(counter, stopped);
}

void write_registers_can_resume()
{
    counter = 0;
    Thread& thread = make_thread();
    thread.prepare([](Word argument) { counter = argument; }, 77);
    CHECK_EQ(counter, 0);
    seL4_UserContext context = thread.registers();
    REQUIRE_OK(seL4_TCB_WriteRegisters(thread.tcb, 1, 0, register_count, &context));
    CHECK_EQ(counter, 77);
}

void copy_registers_copies_what_is_asked()
{
    Thread &from = make_thread(), &to = make_thread();
    seL4_UserContext source{}, start{};
    for (Word i = 0; i < register_count; ++i) (&source.rip)[i] = 0x2000 + i;
    source.rflags = 0x202;
    struct Row {
        seL4_Bool frame, integer;
    };
    for (Row row : {Row{0, 0}, Row{1, 0}, Row{0, 1}, Row{1, 1}}) {
        REQUIRE_OK(seL4_TCB_WriteRegisters(from.tcb, 0, 0, register_count, &source));
        REQUIRE_OK(seL4_TCB_WriteRegisters(to.tcb, 0, 0, register_count, &start));
        REQUIRE_OK(seL4_TCB_CopyRegisters(to.tcb, from.tcb, 0, 0, row.frame, row.integer, 0));
        seL4_UserContext const got = to.registers();
        CHECK_EQ(got.rip, row.frame ? source.rip : 0);
        CHECK_EQ(got.rsp, row.frame ? source.rsp : 0);
        bool const any = row.frame || row.integer;
        if (!any) CHECK_EQ(got.rax | got.r8 | got.r15, 0);
        if (row.frame && row.integer) {
            CHECK_EQ(got.rax, source.rax);
            CHECK_EQ(got.r15, source.r15);
            CHECK_EQ(got.rdi, source.rdi);
        }
    }
}

void copy_registers_can_suspend_and_resume()
{
    counter = 0;
    Thread& from = spawn(count_for_ever, 0, below());
    Thread& to = make_thread();
    to.prepare([](Word argument) { counter = argument; }, 5);
    let_others_run();
    REQUIRE_OK(seL4_TCB_CopyRegisters(to.tcb, from.tcb, 1, 1, 0, 0, 0));
    CHECK_EQ(counter, 5); // resumed: it has the higher priority; and the other stands
    let_others_run();
    CHECK_EQ(counter, 5);
}

void priorities_are_limited_by_the_authority()
{
    Thread& authority = make_thread();
    Thread& thread = make_thread();
    REQUIRE_OK(seL4_TCB_SetMCPriority(authority.tcb, root_tcb, 60));
    CHECK_OK(seL4_TCB_SetPriority(thread.tcb, authority.tcb, 60));
    CHECK_ERROR(seL4_TCB_SetPriority(thread.tcb, authority.tcb, 61), seL4_RangeError, 0, 60);
    CHECK_OK(seL4_TCB_SetMCPriority(thread.tcb, authority.tcb, 60));
    CHECK_ERROR(seL4_TCB_SetMCPriority(thread.tcb, authority.tcb, 61), seL4_RangeError, 0, 60);
    CHECK_ERROR(seL4_TCB_SetPriority(thread.tcb, root_tcb, 256), seL4_RangeError, 0, 255);
    CHECK_ERROR(seL4_TCB_SetSchedParams(thread.tcb, authority.tcb, 61, 1, thread.sc, 0),
                seL4_RangeError, 0, 60);
    CHECK_ERROR(seL4_TCB_SetSchedParams(thread.tcb, authority.tcb, 1, 61, thread.sc, 0),
                seL4_RangeError, 0, 60);
    CHECK_ERROR(seL4_TCB_SetPriority(thread.tcb, root_cnode, 1), seL4_InvalidCapability, 1);
    CHECK_OK(seL4_TCB_SetPriority(thread.tcb, root_tcb, 255));
}

char order[8];
Word order_length;

void note(Word letter)
{
    if (order_length < sizeof order - 1) order[order_length++] = static_cast<char>(letter);
    order[order_length] = 0;
}

void higher_priority_runs_first()
{
    order_length = 0;
    ThreadConfig config = below();
    Word priority = 40;
    for (char letter : {'a', 'b', 'c'}) {
        config.priority = priority++;
        make_thread(config).start(note, static_cast<Word>(letter));
    }
    CHECK_EQ(order_length, 0); // they are all below us
    let_others_run();          // its helper is above them
    config.priority = 30;
    static Slot done;
    done = make(seL4_NotificationObject);
    spawn([](Word) { seL4_Signal(done); }, 0, config);
    now(wait(done));
    CHECK_EQ(__builtin_memcmp(order, "cba", 4), 0);
}

void raising_a_priority_preempts_at_once()
{
    counter = 0;
    Thread& thread = make_thread(below());
    thread.start([](Word argument) { counter = argument; }, 3);
    CHECK_EQ(counter, 0);
    CHECK_OK(seL4_TCB_SetPriority(thread.tcb, root_tcb, helper_priority));
    CHECK_EQ(counter, 3);
}

void lowering_ones_own_priority_yields()
{
    counter = 0;
    ThreadConfig config = below();
    config.priority = case_priority - 10;
    spawn([](Word argument) { counter = argument; }, 4, config);
    CHECK_EQ(counter, 0);
    CHECK_OK(seL4_TCB_SetPriority(own_tcb(), root_tcb, case_priority - 20));
    CHECK_EQ(counter, 4);
}

void the_ipc_buffer_can_be_changed()
{
    Thread& thread = make_thread();
    Slot const frame = image_frame(thread.buffer);
    Word const address = reinterpret_cast<Word>(thread.buffer);
    CHECK_ERROR(seL4_TCB_SetIPCBuffer(thread.tcb, address + 8, frame), seL4_AlignmentError);
    CHECK_OK(seL4_TCB_SetIPCBuffer(thread.tcb, address + 1024, frame));
    // A message of 5 words takes its fifth from there.
    auto* const moved = reinterpret_cast<seL4_IPCBuffer*>(address + 1024);
    moved->msg[4] = 0xfeed;
    Slot const ep = make(seL4_EndpointObject);
    Operation sender = send(ep, message(1, 5), {1, 2, 3, 4});
    rerun(thread, {&sender, 1});
    Operation const got = now(nb_recv(ep, make(seL4_ReplyObject)));
    CHECK_EQ(got.length(), 5);
    CHECK_EQ(seL4_GetMR(4), 0xfeed);
    // Device frames are refused, and so is anything but a frame.
    CHECK(seL4_TCB_SetIPCBuffer(thread.tcb, address, ep) != seL4_NoError);
    Slot const device = device_untyped(12), device_frame = new_slots();
    REQUIRE(device != 0);
    REQUIRE_OK(try_make(device, seL4_X86_4K, 0, device_frame));
    CHECK(seL4_TCB_SetIPCBuffer(thread.tcb, address, device_frame) != seL4_NoError);
}

void without_ipc_buffer_long_messages_shrink()
{
    Thread& thread = make_thread();
    CHECK_OK(seL4_TCB_SetIPCBuffer(thread.tcb, 0, 0));
    Slot const ep = make(seL4_EndpointObject);
    Operation sender = send(ep, message(1, 20), {1, 2, 3, 4});
    rerun(thread, {&sender, 1});
    Operation const got = now(nb_recv(ep, make(seL4_ReplyObject)));
    CHECK(sender.done);
    CHECK_EQ(got.length(), 4);
    CHECK_EQ(got.out[3], 4);
}

void set_space_changes_what_names_mean()
{
    Slot const cnode = make(seL4_CapTableObject, 4), ep = make(seL4_EndpointObject);
    REQUIRE_OK(seL4_CNode_Mint(cnode, 5, 4, root_cnode, ep, depth, seL4_AllRights, 0x51));
    Thread& thread = make_thread();
    // The guard fills what the 4 bits leave of 64.
    CHECK_OK(seL4_TCB_SetSpace(thread.tcb, 0, cnode, 60, root_vspace, 0));
    Operation sender = send(5, message(3, 0));
    rerun(thread, {&sender, 1});
    Operation const got = now(nb_recv(ep, make(seL4_ReplyObject)));
    CHECK_EQ(got.badge, 0x51);
    CHECK(sender.done);
}

void set_space_refuses_other_objects()
{
    ThreadConfig config;
    config.passive = true;
    Thread& thread = make_thread(config);
    Slot const ep = make(seL4_EndpointObject), fresh = make(seL4_X64_PML4Object);
    CHECK(seL4_TCB_SetSpace(thread.tcb, 0, ep, 0, root_vspace, 0) != seL4_NoError);
    CHECK(seL4_TCB_SetSpace(thread.tcb, 0, root_cnode, 0, ep, 0) != seL4_NoError);
    CHECK(seL4_TCB_SetSpace(thread.tcb, 0, root_cnode, 0, fresh, 0) != seL4_NoError); // no ASID
    CHECK_ERROR(seL4_TCB_SetSpace(thread.tcb, root_cnode, root_cnode, 0, root_vspace, 0),
                seL4_InvalidCapability, 1);
    // A fault endpoint needs Write, and Grant or GrantReply.
    struct Row {
        Word rights;
        bool good;
    };
    for (Row row : {Row{15, true}, Row{5, true}, Row{9, true}, Row{1, false}, Row{3, false},
                    Row{12, false}, Row{14, false}}) {
        Slot const limited = copy(ep, rights(row.rights));
        CHECK_EQ(seL4_TCB_SetSpace(thread.tcb, limited, root_cnode, 0, root_vspace, 0),
                 row.good ? seL4_NoError : seL4_InvalidCapability);
        CHECK_EQ(seL4_TCB_SetTimeoutEndpoint(thread.tcb, limited),
                 row.good ? seL4_NoError : seL4_InvalidCapability);
        CHECK_EQ(seL4_TCB_SetSchedParams(thread.tcb, root_tcb, 1, 1, 0, limited),
                 row.good ? seL4_NoError : seL4_InvalidCapability);
    }
}

void notifications_bind_to_one_thread()
{
    Thread &one = make_thread(), &two = make_thread();
    Slot const ntfn = make(seL4_NotificationObject), other = make(seL4_NotificationObject);
    CHECK_OK(seL4_TCB_BindNotification(one.tcb, ntfn));
    CHECK_EQ(seL4_TCB_BindNotification(one.tcb, other), seL4_IllegalOperation);
    CHECK_EQ(seL4_TCB_BindNotification(two.tcb, ntfn), seL4_IllegalOperation);
    CHECK_OK(seL4_TCB_UnbindNotification(one.tcb));
    CHECK_EQ(seL4_TCB_UnbindNotification(one.tcb), seL4_IllegalOperation);
    CHECK_EQ(seL4_TCB_BindNotification(two.tcb, copy(ntfn, rights(1))), seL4_IllegalOperation);
    CHECK_OK(seL4_TCB_BindNotification(two.tcb, copy(ntfn, rights(2))));
    // When the notification goes, the thread can take another.
    CHECK_OK(seL4_CNode_Revoke(root_cnode, ntfn, depth));
    remove(ntfn);
    CHECK_OK(seL4_TCB_BindNotification(two.tcb, other));
}

void local_storage_base_is_set()
{
    Thread& thread = make_thread();
    CHECK_OK(seL4_TCB_SetTLSBase(thread.tcb, 0x1234'5000));
    CHECK_EQ(thread.registers().fs_base, 0x1234'5000);
    // A non-canonical base must never reach the CPU: refused, or kept out.
    seL4_TCB_SetTLSBase(thread.tcb, 0x8000'0000'0000);
    static Word volatile ran;
    ran = 0;
    thread.start([](Word) { ran = 1; });
    CHECK_EQ(ran, 1);
}

void flags_answer_what_is_set()
{
    Thread& thread = make_thread();
    auto const first = seL4_TCB_SetFlags(thread.tcb, 0, 0);
    CHECK_EQ(first.error, 0);
    CHECK_EQ(first.flags, 0);
    CHECK_EQ(seL4_TCB_SetFlags(thread.tcb, 0, ~Word{0}).flags, seL4_TCBFlag_fpuDisabled);
    CHECK_EQ(seL4_TCB_SetFlags(thread.tcb, 0, 0).flags, seL4_TCBFlag_fpuDisabled);
    CHECK_EQ(seL4_TCB_SetFlags(thread.tcb, ~Word{0}, 0).flags, 0);
    // Clear comes first.
    CHECK_EQ(seL4_TCB_SetFlags(thread.tcb, 1, 1).flags, 1);
}

void deleting_a_running_thread_ends_it()
{
    counter = 0;
    Thread& thread = spawn(count_for_ever, 0, below());
    let_others_run();
    Word const seen = counter;
    CHECK(seen > 0);
    remove(thread.tcb);
    Word const stopped = counter;
    let_others_run();
    CHECK_EQ(counter, stopped);
}

void a_thread_can_delete_itself()
{
    static Slot tcb;
    static Word volatile after;
    after = 0;
    Thread& thread = make_thread();
    tcb = thread.tcb;
    thread.start([](Word) {
        seL4_CNode_Delete(root_cnode, tcb, depth);
        after = 1;
    });
    CHECK(is_empty(tcb));
    CHECK_EQ(after, 0);
}

constexpr Case cases[] = {
    {"registers read back as written, and a count limits what is written",
     registers_read_back_as_written},
    {"system flags cannot be set through WriteRegisters", flags_cannot_be_set_freely},
    {"register counts are checked, and nobody reads his own registers",
     register_counts_are_checked},
    {"a suspended thread stands still until it is resumed", suspended_threads_stand_still},
    {"ReadRegisters can suspend its target", read_registers_can_suspend},
    {"WriteRegisters can resume its target", write_registers_can_resume},
    {"CopyRegisters copies the frame and the integer registers as asked",
     copy_registers_copies_what_is_asked},
    {"CopyRegisters suspends the source and resumes the target as asked",
     copy_registers_can_suspend_and_resume},
    {"no priority above the authority's maximum can be set",
     priorities_are_limited_by_the_authority},
    {"the highest priority runs first", higher_priority_runs_first},
    {"a thread raised above us runs at once", raising_a_priority_preempts_at_once},
    {"who lowers his own priority lets the others run", lowering_ones_own_priority_yields},
    {"the IPC buffer can be moved; its frame must be ordinary memory",
     the_ipc_buffer_can_be_changed},
    {"a thread without IPC buffer sends four words at most",
     without_ipc_buffer_long_messages_shrink},
    {"SetSpace changes what a thread's capability names mean", set_space_changes_what_names_mean},
    {"SetSpace checks CSpace, VSpace and fault endpoint", set_space_refuses_other_objects},
    {"one notification binds to one thread", notifications_bind_to_one_thread},
    {"SetTLSBase sets fs, and a non-canonical base does no harm", local_storage_base_is_set},
    {"SetFlags answers the flags, clears first and ignores unknown ones", flags_answer_what_is_set},
    {"a deleted thread stops", deleting_a_running_thread_ends_it},
    {"a thread can delete itself", a_thread_can_delete_itself},
};

} // namespace

Suite const tcb_suite = cases;

} // namespace kt
