// The suites, in the order they run: what the others build on comes first. One file each.
#pragma once

#include "harness.hpp"

namespace kt {

extern Suite const boot_info_suite, debug_suite, methods_suite, observed_suite, untyped_suite,
    cnode_suite, tcb_suite, endpoint_suite, transfer_suite, reply_suite, donation_suite,
    notification_suite, sched_context_suite, budget_suite, feedback_suite, domain_suite,
    vspace_suite, isolation_suite, fault_suite, registers_suite, fpu_suite, irq_suite,
    io_port_suite, revoke_suite, event_ring_suite, foreign_suite, harvest_suite;

} // namespace kt
