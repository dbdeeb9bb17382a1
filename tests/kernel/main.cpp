// A root server that exercises every method of the kernel and reports in TAP on the debug console.
// Run: scripts/run --headless --root-server build/tests/kernel/kernel-tests.elf. Where to go next:
// harness.hpp (cases, checks), then any suite. Ends the machine by DebugHalt; whoever runs it
// judges by the TAP lines.
#include "runtime/runtime.hpp"
#include "suites.hpp"

namespace {

using namespace kt;

Suite const* const suites[] = {
    &boot_info_suite,  &debug_suite,         &methods_suite,  &observed_suite,
    &untyped_suite,    &cnode_suite,         &tcb_suite,      &endpoint_suite,
    &transfer_suite,   &reply_suite,         &donation_suite, &notification_suite,
    &budget_suite,     &sched_context_suite, &feedback_suite, &domain_suite,
    &vspace_suite,     &isolation_suite,     &fault_suite,    &registers_suite,
    &fpu_suite,        &irq_suite,           &io_port_suite,  &revoke_suite,
    &event_ring_suite, &foreign_suite,       &harvest_suite,
};

} // namespace

int main(void* argument)
{
    harness_init(static_cast<seL4_BootInfo const*>(argument));
    Word count = 0;
    for (Suite const* suite : suites) count += suite->size();
    // No version line: it would have to be the first of the output, and the kernel's come before.
    print("1..", count, "\n");
    Word number = 0;
    for (Suite const* suite : suites)
        for (Case const& test : *suite) run_case(test, ++number);
    print("# ", number - failed_cases(), " of ", number, " passed\n# done\n");
    kt::end_machine();
    return 0;
}
