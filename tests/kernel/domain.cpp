// DomainSet: the schedule's methods and their limits. The default build has one domain and two
// schedule entries, of which entry 0 names domain 0. [seL4 manual, "Domains"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

void threads_stay_in_the_only_domain()
{
    Thread& thread = make_thread();
    CHECK_OK(seL4_DomainSet_Set(seL4_CapDomain, 0, thread.tcb));
    CHECK_OK(seL4_DomainSet_Set(seL4_CapDomain, 0, own_tcb()));
    CHECK_ERROR(seL4_DomainSet_Set(seL4_CapDomain, 1, thread.tcb), seL4_InvalidArgument, 0);
    CHECK_ERROR(seL4_DomainSet_Set(seL4_CapDomain, 255, thread.tcb), seL4_InvalidArgument, 0);
    CHECK(seL4_DomainSet_Set(seL4_CapDomain, 0, root_cnode) != seL4_NoError);
}

void the_schedule_has_two_entries()
{
    CHECK_ERROR(seL4_DomainSet_ScheduleConfigure(seL4_CapDomain, 0, 0, 0), seL4_InvalidArgument, 2);
    CHECK_EQ(seL4_DomainSet_ScheduleConfigure(seL4_CapDomain, 2, 0, 1), seL4_RangeError);
    CHECK_EQ(seL4_DomainSet_ScheduleConfigure(seL4_CapDomain, ~Word{0}, 0, 1), seL4_RangeError);
    CHECK(seL4_DomainSet_ScheduleConfigure(seL4_CapDomain, 1, 1, 1) != seL4_NoError);
    CHECK_ERROR(seL4_DomainSet_ScheduleSetStart(seL4_CapDomain, 1), seL4_InvalidArgument, 0);
    CHECK(seL4_DomainSet_ScheduleSetStart(seL4_CapDomain, 2) != seL4_NoError);
    // A domain that lasts practically for ever: the other cases see no difference.
    CHECK_OK(seL4_DomainSet_ScheduleConfigure(seL4_CapDomain, 0, 0, Word{1} << 55));
    CHECK_OK(seL4_DomainSet_ScheduleSetStart(seL4_CapDomain, 0));
}

void the_capability_can_be_copied()
{
    Slot const second = copy(seL4_CapDomain);
    CHECK_OK(seL4_DomainSet_Set(second, 0, own_tcb()));
}

constexpr Case cases[] = {
    {"threads stay in the only domain", threads_stay_in_the_only_domain},
    {"the schedule has two entries and refuses what it cannot run", the_schedule_has_two_entries},
    {"the domain capability can be copied", the_capability_can_be_copied},
};

} // namespace

Suite const domain_suite = cases;

} // namespace kt
