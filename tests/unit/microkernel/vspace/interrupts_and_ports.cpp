// Error codes and order of checks of interrupts and I/O ports, as seL4 answered and as its
// reference says; and what issuing, notifying and releasing do.
#include "calls.hpp"
#include "object/notification.hpp"
#include <memory>

using namespace test;

TEST_CASE("interrupts: what seL4 answered")
{
    auto const machine = std::make_unique<Kernel>();
    Kernel& k = *machine;
    CHECK(k.get_msi(0, 0, 0, 1000) == range(0, 107));
    CHECK(k.get_msi(0, 0, 0, 107) == ok);
    CHECK(k.get_msi(0, 0, 0, 108) == range(0, 107));
    CHECK(k.get_msi(0, 0, 0, 109) == range(0, 107));
    CHECK(k.get_msi(0, 0, 0, 0) == ok);
    CHECK(k.get_msi(0, 32, 0, 1) == range(0, 31));
    CHECK(k.get_io_apic(1, 2, 0, 0, 5) == range(0, 0));
    CHECK(k.get_io_apic(0, 200, 0, 0, 5) == range(0, 23));
    CHECK(k.get_io_apic(0, 2, 0, 0, 200) == range(0, 107));
    CHECK(k.get_io_apic(0, 2, 5, 0, 5) == range(0, 1));
    CHECK(k.call(decode_irq_issue_irq_handler, k.slots[Kernel::irq_control], {4, 40, 64},
                 {&k.cnode_slot}) == Answer{E::illegal_operation, {}});
    CHECK(fake::io_apics().routed.empty());
}

TEST_CASE("interrupts: issue, notify, release")
{
    auto const machine = std::make_unique<Kernel>();
    Kernel& k = *machine;
    CHECK(k.get_msi(256, 0, 0, 1) == range(0, 255));
    CHECK(k.get_msi(0, 0, 8, 1) == range(0, 7));
    CHECK(k.get_io_apic(0, 2, 0, 2, 5) == range(0, 1));
    unsigned const slot = k.next_free;
    REQUIRE(k.get_io_apic(0, 9, 1, 0, 5) == ok);
    REQUIRE(fake::io_apics().routed.size() == 1);
    auto const& routed = fake::io_apics().routed[0];
    CHECK((routed.irq == 5 && routed.pin == 9 && routed.level && !routed.active_low));
    CHECK(k.get_msi(0, 0, 0, 5) == Answer{E::revoke_first, {}});
    k.next_free = slot;
    CHECK(k.get_msi(0, 0, 0, 6) == Answer{E::delete_first, {}});
    fake::io_apics().count = 0;
    CHECK(k.get_io_apic(0, 9, 1, 0, 7) == Answer{E::illegal_operation, {}});

    Notification ntfn;
    Slot& handler = k.slots[slot];
    auto const set = [&](unsigned with) {
        return k.call(decode_irq_set_handler, handler, {}, {&k.slots[with]});
    };
    Kernel::put(k.slots[Kernel::notification], Cap::notification(&ntfn, Rights::write, 0x77));
    Kernel::put(k.slots[Kernel::read_only], Cap::notification(&ntfn, Rights::read, 0));
    CHECK(set(Kernel::null_slot) == Answer{E::invalid_capability, {1}});
    CHECK(set(Kernel::pml) == Answer{E::invalid_capability, {1}});
    CHECK(set(Kernel::read_only) == Answer{E::invalid_capability, {1}});
    fake::signals().clear();
    deliver_irq(fake::cpu(), 5);
    CHECK(fake::signals().empty());
    CHECK(set(Kernel::notification) == ok);
    CHECK(set(Kernel::notification) == ok); // replaces
    deliver_irq(fake::cpu(), 5);
    REQUIRE(fake::signals().size() == 1);
    CHECK(fake::signals()[0].badge == 0x77);
    CHECK_FALSE(DerivationTree::is_final(k.slots[Kernel::notification]));

    fake::machine.irq_masked = ~u64{0};
    CHECK(k.call(decode_irq_ack, handler, {}) == ok);
    CHECK(fake::machine.irq_masked == ~bit(5));
    CHECK(k.call(decode_irq_clear_handler, handler, {}) == ok);
    CHECK(irq_table.notification[5].empty());
    CHECK(set(Kernel::notification) == ok);
    release_irq(fake::cpu(), 5);
    CHECK(fake::io_apics().unrouted.back() == 5);
    CHECK(irq_table.notification[5].empty());
    k.next_free = slot + 1;
    CHECK(k.get_msi(0, 0, 0, 5) == ok);
}

TEST_CASE("I/O ports")
{
    auto const machine = std::make_unique<Kernel>();
    Kernel& k = *machine;
    using L = abi::Label;
    auto const access = [&](L label, Slot& ports, Words words) {
        return k.call(label < L::x86_io_port_out8 ? decode_io_port_in : decode_io_port_out, ports,
                      words, {}, label);
    };
    SECTION("what seL4 answered")
    {
        CHECK(k.issue_ports(5, 4) == Answer{E::invalid_argument, {1}});
        unsigned const slot = k.next_free;
        CHECK(k.issue_ports(0x3f8, 0x3ff) == ok);
        CHECK(k.issue_ports(0x3f8, 0x3ff) == Answer{E::revoke_first, {0x3f8, 0x3ff}});
        CHECK(access(L::x86_io_port_in8, k.slots[slot], {0x400}) ==
              Answer{E::illegal_operation, {}});
        CHECK(k.issue_ports(0x10000, 0x10001) == ok);
        CHECK(k.issue_ports(1, 1) == Answer{E::revoke_first, {1, 1}});
        CHECK(k.issue_ports(0xcf8, 0xcff) == ok);
    }
    SECTION("the width counts")
    {
        Slot& ports = k.slots[30];
        Kernel::put(ports, Cap::io_port(0x60, 0x63));
        Answer const read{E::no_error, {0}}, refused{E::illegal_operation, {}};
        CHECK(access(L::x86_io_port_in8, ports, {0x5f}) == refused);
        CHECK(access(L::x86_io_port_in8, ports, {0x63}) == read);
        CHECK(access(L::x86_io_port_in16, ports, {0x62}) == read);
        CHECK(access(L::x86_io_port_in16, ports, {0x63}) == refused);
        CHECK(access(L::x86_io_port_in32, ports, {0x60}) == read);
        CHECK(access(L::x86_io_port_in32, ports, {0x61}) == refused);
        CHECK(access(L::x86_io_port_out8, ports, {0x63, 1}) == ok);
        CHECK(access(L::x86_io_port_out16, ports, {0x63, 1}) == refused);
        CHECK(access(L::x86_io_port_out32, ports, {0x60, 1}) == ok);
        ports.update(Cap::io_port(0, 0xffff));
        CHECK(access(L::x86_io_port_in8, ports, {0xffff}) == read);
        CHECK(access(L::x86_io_port_in16, ports, {0xffff}) == refused);
        CHECK(access(L::x86_io_port_out32, ports, {0xfffd, 0}) == refused);
    }
    SECTION("a released range can be issued again, its neighbours cannot")
    {
        issue_io_ports(0, 0xffff);
        CHECK_FALSE(io_ports_free(0x70, 0x71));
        release_io_ports(0x70, 0x71);
        CHECK(io_ports_free(0x70, 0x71));
        CHECK_FALSE(io_ports_free(0x6f, 0x71));
        CHECK_FALSE(io_ports_free(0x70, 0x72));
    }
}
