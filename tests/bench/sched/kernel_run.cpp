// A root server that runs a workload of the scheduler laboratory with and without the feedback
// class, and prints the kernel's event ring: lines `sched: ...` that compare.py reads. Under
// --icount the TSC counts instructions, so runs differ only by the moment at which they begin.
// Where to go next: workload_header.py (the workload), docs/labs/scheduler.md (the lesson).
#include "sys/event_ring.hpp"
#include "thread.hpp"
#include "workload.hpp"

#include <hypercore/extensions.h>

namespace sched_run {

namespace {

using namespace kt;

constexpr Word timer_priority = 220, tick_us = 1000, run_ticks = 1200;
constexpr Word ring_address = free_region + 0x4000'0000;
constexpr Word most_tasks = 20;

/// What a thread of the workload works with.
struct Running {
    Slot wake, endpoint, reply;
    Word volatile wake_tick; ///< when the timer's thread shall signal `wake`
};
Running running[most_tasks];
Word volatile tick;
Slot finished;

/// Computes for so long, counted in instructions: being preempted does not shorten it.
void compute(Word microseconds)
{
    Word loops = microseconds * tsc_mhz() / 2; // two instructions each
    asm volatile("1: dec %0\n\tjnz 1b" : "+r"(loops) : : "cc");
}

void sleep(Running& self, Word microseconds)
{
    self.wake_tick = tick + microseconds / tick_us;
    now(wait(self.wake));
}

void perform_steps(Running& self, TaskData const& task, Word request)
{
    for (Step const& step : task.steps) {
        if (step.kind == Kind::run)
            compute(step.time != 0 ? step.time : request);
        else if (step.kind == Kind::sleep)
            sleep(self, step.time);
        else if (step.kind == Kind::give_up)
            seL4_Yield();
        else
            now(call(running[step.target].endpoint, message(0, 1), {step.time}));
    }
}

void run_client(Word index)
{
    do perform_steps(running[index], tasks[index], 0);
    while (tasks[index].repeat);
}

void run_server(Word index)
{
    Running& self = running[index];
    Operation next = now(recv(self.endpoint, self.reply));
    for (;;) {
        perform_steps(self, tasks[index], next.out[0]);
        next = now(reply_recv(self.endpoint, self.reply));
    }
}

/// Ends sleeps, every millisecond, from above everybody.
void run_timer(Word task_count)
{
    for (;;) {
        tick = tick + 1;
        for (Word i = 0; i < task_count; ++i)
            if (running[i].wake_tick == tick) seL4_Signal(running[i].wake);
        if (tick == run_ticks) seL4_Signal(finished);
        seL4_Yield(); // until the next period
    }
}

Slot attach_ring()
{
    Slot const frame = make(seL4_X86_LargePageObject);
    map_tables(root_vspace, ring_address, seL4_LargePageBits);
    REQUIRE_OK(seL4_X86_Page_Map(copy(frame, rights(2)), root_vspace, ring_address, seL4_CanRead,
                                 seL4_X86_Default_VMAttributes));
    REQUIRE_OK(hypercore_SchedControl_SetEventRing(sched_control(), frame));
    return frame;
}

/// Makes the task's thread and prints by which names the ring will call it and its context: the
/// case's memory is handed out in ascending order, so what follows a page is right behind it.
Thread& make_task(Word index, bool feedback)
{
    TaskData const& task = tasks[index];
    running[index] = {make(seL4_NotificationObject), make(seL4_EndpointObject),
                      make(seL4_ReplyObject), 0};
    ThreadConfig config;
    config.priority = task.priority;
    config.budget_us = config.period_us = task.budget;
    Word const here = seL4_X86_Page_GetAddress(make(seL4_X86_4K)).paddr + 4096;
    if (task.budget == 0) config.budget_us = config.period_us = 5000; // lent until it waits
    Thread& thread = make_thread(config);
    if (feedback && !task.plain && task.budget != 0)
        REQUIRE_OK(hypercore_SchedControl_ConfigureFeedback(sched_control(), thread.sc, 1));
    print("sched: task ", task.name, " ", task.priority, " ", abi::event_object_id(here), " ",
          task.budget ? abi::event_object_id(here + 2048) : 0, "\n");
    return thread;
}

void print_events()
{
    sys::EventReader ring{reinterpret_cast<void const*>(ring_address)};
    REQUIRE(ring.is_ring());
    print("sched: ticks_per_us ", ring.ticks_per_us(), "\n");
    abi::EventRecord event{};
    while (ring.next(event)) {
        using enum abi::Event;
        if (event.kind != dispatch && event.kind != wake && event.kind != block &&
            event.kind != budget_end && event.kind != yield && event.kind != donate &&
            event.kind != syscall)
            continue;
        print("sched: event ", event.time, " ", as_word(event.kind), " ", event.level, " ",
              event.thread, " ", event.other, " ", event.object, "\n");
    }
    CHECK_EQ(ring.lost(), 0);
}

void run_workload(bool feedback)
{
    REQUIRE(tasks.size() <= most_tasks);
    print("sched: begin ", feedback ? "feedback" : "plain", "\n");
    tick = 0;
    finished = make(seL4_NotificationObject);
    Thread* threads[most_tasks];
    for (Word i = 0; i < tasks.size(); ++i) threads[i] = &make_task(i, feedback);
    for (Word i = 0; i < tasks.size(); ++i) {
        if (!tasks[i].server) continue;
        threads[i]->start(run_server, i); // it waits before this case goes on
        REQUIRE_OK(seL4_SchedContext_Unbind(threads[i]->sc));
    }
    ThreadConfig timer;
    timer.priority = timer_priority;
    timer.budget_us = tick_us / 2;
    timer.period_us = tick_us;
    Thread& ticker = make_thread(timer);
    attach_ring();
    for (Word i = 0; i < tasks.size(); ++i)
        if (!tasks[i].server) threads[i]->start(run_client, i);
    ticker.start(run_timer, tasks.size());
    now(wait(finished));
    REQUIRE_OK(hypercore_SchedControl_SetEventRing(sched_control(), 0));
    ticker.suspend();
    for (Word i = 0; i < tasks.size(); ++i) threads[i]->suspend();
    print_events();
    print("sched: end\n");
}

void plain()
{
    run_workload(false);
}
void feedback()
{
    run_workload(true);
}

constexpr Case cases[] = {
    {"the workload runs on plain contexts", plain},
    {"the workload runs in the feedback class", feedback},
};

} // namespace

} // namespace sched_run

extern "C" int main(void* argument)
{
    kt::harness_init(static_cast<seL4_BootInfo const*>(argument));
    kt::print("1..", std::size(sched_run::cases), "\n");
    kt::Word number = 0;
    for (kt::Case const& test : sched_run::cases) kt::run_case(test, ++number);
    kt::print("# done\n");
    kt::end_machine();
    return 0;
}
