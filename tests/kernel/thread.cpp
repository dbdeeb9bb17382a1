// Helper threads and address spaces of a case: see thread.hpp.
#include "thread.hpp"

#include "runtime/runtime.hpp"

namespace kt {

namespace {

constexpr usize thread_count = 24, stack_bytes = 0x4000, storage_bytes = 512;

struct alignas(4096) Buffer {
    u8 bytes[4096];
};
constinit Buffer buffers[thread_count]{};
alignas(64) constinit u8 stacks[thread_count][stack_bytes]{};
alignas(64) constinit u8 storages[thread_count][storage_bytes]{};
constinit Thread threads[thread_count]{};
constinit usize used = 0;

struct Work {
    Operation* operations;
    usize count;
};
constinit Work works[thread_count]{};

void run_work(Word index)
{
    Work const work = works[index];
    for (usize i = 0; i < work.count; ++i) perform(work.operations[i]);
}

usize index_of(Thread const& thread)
{
    return static_cast<usize>(&thread - threads);
}

[[noreturn]] void start_here(Word entry, Word argument)
{
    reinterpret_cast<Entry>(entry)(argument);
    sleep_for_ever();
}

} // namespace

void sleep_for_ever()
{
    // A notification that nobody signals. In a CSpace without it this is a fault, which stops the
    // thread as well.
    for (;;) now(wait(never()));
}

Slot sched_control()
{
    return boot_info().schedcontrol.start;
}

void forget_threads()
{
    used = 0;
}

void Thread::prepare(Entry entry, Word argument)
{
    seL4_UserContext context{};
    context.rip = reinterpret_cast<Word>(start_here);
    context.rsp = stack_top_ - 8; // as if called
    context.rflags = 0x202;
    context.rdi = reinterpret_cast<Word>(entry);
    context.rsi = argument;
    context.fs_base = runtime::tls_make(local_storage_, buffer);
    REQUIRE_OK(seL4_TCB_WriteRegisters(tcb, 0, 0, sizeof context / sizeof(Word), &context));
}

void Thread::start(Entry entry, Word argument)
{
    prepare(entry, argument);
    resume();
}

void Thread::resume() const
{
    REQUIRE_OK(seL4_TCB_Resume(tcb));
}
void Thread::suspend() const
{
    REQUIRE_OK(seL4_TCB_Suspend(tcb));
}

seL4_UserContext Thread::registers() const
{
    seL4_UserContext context{};
    REQUIRE_OK(seL4_TCB_ReadRegisters(tcb, 0, 0, sizeof context / sizeof(Word), &context));
    return context;
}

Thread& make_thread(ThreadConfig const& config)
{
    REQUIRE(used < thread_count);
    REQUIRE(runtime::tls_size() <= storage_bytes);
    usize const index = used++;
    Thread& thread = threads[index];
    thread.buffer = reinterpret_cast<seL4_IPCBuffer*>(&buffers[index]);
    thread.buffer->receiveCNode = 0;
    thread.buffer->receiveIndex = 0;
    thread.buffer->receiveDepth = 0;
    thread.stack_top_ = reinterpret_cast<Word>(stacks[index]) + stack_bytes;
    thread.local_storage_ = storages[index];
    thread.tcb = make(seL4_TCBObject);
    thread.sc = config.passive ? 0
                               : make_sc(config.budget_us, config.period_us, config.extra_refills,
                                         config.sc_badge, config.sc_flags);
    REQUIRE_OK(seL4_TCB_Configure(thread.tcb, config.cspace, config.cspace_data, config.vspace, 0,
                                  reinterpret_cast<Word>(thread.buffer),
                                  image_frame(thread.buffer)));
    REQUIRE_OK(seL4_TCB_SetSchedParams(thread.tcb, root_tcb, config.mcp, config.priority, thread.sc,
                                       config.fault_ep));
    if (config.timeout_ep) REQUIRE_OK(seL4_TCB_SetTimeoutEndpoint(thread.tcb, config.timeout_ep));
    return thread;
}

Thread& spawn(Entry entry, Word argument, ThreadConfig const& config)
{
    Thread& thread = make_thread(config);
    thread.start(entry, argument);
    return thread;
}

Thread& run_operations(std::span<Operation> operations, ThreadConfig const& config)
{
    Thread& thread = make_thread(config);
    rerun(thread, operations);
    return thread;
}

void rerun(Thread& thread, std::span<Operation> operations)
{
    works[index_of(thread)] = {operations.data(), operations.size()};
    REQUIRE_OK(seL4_TCB_Suspend(thread.tcb));
    thread.start(run_work, index_of(thread));
}

Slot make_sc(Word budget_us, Word period_us, Word extra_refills, Word badge, Word flags, Word bits)
{
    Slot const sc = make(seL4_SchedContextObject, bits);
    REQUIRE_OK(seL4_SchedControl_ConfigureFlags(sched_control(), sc, budget_us, period_us,
                                                extra_refills, badge, flags));
    return sc;
}

Slot make_vspace()
{
    Slot const vspace = make(seL4_X64_PML4Object);
    REQUIRE_OK(seL4_X86_ASIDPool_Assign(seL4_CapInitThreadASIDPool, vspace));
    for (Word page = 0; page < image_pages(); ++page) {
        Word const address = image_start() + page * 4096;
        if (page == 0 || address % 0x20'0000 == 0) map_tables(vspace, address);
        Slot const frame = copy(image_frame(reinterpret_cast<void const*>(address)));
        REQUIRE_OK(seL4_X86_Page_Map(frame, vspace, address, seL4_AllRights,
                                     seL4_X86_Default_VMAttributes));
    }
    return vspace;
}

void map_tables(Slot vspace, Word address, Word bits)
{
    // A table that is there already answers DeleteFirst or InvalidArgument: both are fine here,
    // because a missing table makes the mapping that follows fail.
    auto const attributes = seL4_X86_Default_VMAttributes;
    seL4_X86_PDPT_Map(make(seL4_X86_PDPTObject), vspace, address, attributes);
    if (bits < seL4_HugePageBits)
        seL4_X86_PageDirectory_Map(make(seL4_X86_PageDirectoryObject), vspace, address, attributes);
    if (bits < seL4_LargePageBits)
        seL4_X86_PageTable_Map(make(seL4_X86_PageTableObject), vspace, address, attributes);
}

Slot map_frame(Slot vspace, Word address, Word type, seL4_CapRights_t frame_rights, Word attributes)
{
    Slot const frame = make(type);
    map_tables(vspace, address,
               type == seL4_X86_4K                ? seL4_PageBits
               : type == seL4_X86_LargePageObject ? seL4_LargePageBits
                                                  : seL4_HugePageBits);
    REQUIRE_OK(seL4_X86_Page_Map(frame, vspace, address, frame_rights,
                                 static_cast<seL4_X86_VMAttributes>(attributes)));
    return frame;
}

} // namespace kt
