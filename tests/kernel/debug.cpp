// The debug system calls: they answer, and harm nobody. DebugPutChar is tested by every line of
// output, DebugHalt by the end.
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

void cap_identify_tells_empty_from_full()
{
    CHECK_EQ(seL4_DebugCapIdentify(0), 0);
    CHECK_EQ(seL4_DebugCapIdentify(new_slots()), 0);
    for (Slot slot : {root_tcb, root_cnode, root_vspace, Slot{seL4_CapIRQControl},
                      make(seL4_EndpointObject), make(seL4_ReplyObject), make(seL4_X86_4K)})
        CHECK(seL4_DebugCapIdentify(slot) != 0);
    CHECK(seL4_DebugCapIdentify(make(seL4_EndpointObject)) !=
          seL4_DebugCapIdentify(make(seL4_NotificationObject)));
}

void naming_a_thread_changes_no_word_of_it()
{
    Thread& thread = make_thread();
    thread.prepare([](Word) {});
    seL4_UserContext const before = thread.registers();
    seL4_DebugNameThread(thread.tcb, "a name");
    seL4_DebugNameThread(thread.tcb, "");
    seL4_DebugNameThread(thread.tcb,
                         "a name that is far longer than any kernel will ever keep of "
                         "it, and that goes on and on so that it must be cut somewhere");
    seL4_UserContext const after = thread.registers();
    CHECK_EQ(__builtin_memcmp(&before, &after, sizeof before), 0);
}

void dumps_come_back()
{
    print("# what follows up to the result is the kernel's own dump\n");
    seL4_DebugDumpScheduler();
    seL4_DebugSnapshot();
    print("\n");
    CHECK_EQ(seL4_DebugCapIdentify(0), 0); // we still run
}

constexpr Case cases[] = {
    {"DebugCapIdentify is 0 for empty slots only", cap_identify_tells_empty_from_full},
    {"DebugNameThread takes any name and changes no register",
     naming_a_thread_changes_no_word_of_it},
    {"DebugDumpScheduler and DebugSnapshot come back", dumps_come_back},
};

} // namespace

Suite const debug_suite = cases;

} // namespace kt
