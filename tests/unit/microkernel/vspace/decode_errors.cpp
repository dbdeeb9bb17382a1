// Error codes and order of checks of frames, tables, ASIDs, interrupts and I/O ports: first the
// calls that were made to seL4 itself, in the same order and with the answers it gave, then the
// refusals that its reference documents.
#include "abi/extensions.hpp"
#include "address_space.hpp"
#include "api/decode.hpp"
#include "cap/derivation_tree.hpp"
#include "fakes.hpp"
#include "ipc/transfer.hpp"
#include "kernel_space.hpp"
#include "object/io_port.hpp"
#include "object/irq_handler.hpp"
#include "object/notification.hpp"
#include "vspace/page_table.hpp"
#include <catch2/catch.hpp>
#include <memory>

using namespace mk;
using E = abi::ErrorCode;
using Words = std::vector<u64>;

namespace {

struct Answer {
    E code;
    Words words;
    bool operator==(Answer const&) const = default;
};
std::ostream& operator<<(std::ostream& out, Answer const& a)
{
    out << "error " << u64(a.code) << " {";
    for (u64 const w : a.words) out << std::hex << w << ' ';
    return out << '}';
}
Answer const ok{E::no_error, {}};

constexpr unsigned cnode_radix = 6;

/// A CSpace of 64 slots and the objects that the calls need.
struct Kernel {
    Slot cnode_slot, slots[64];
    PageTable pml4{}, other_pml4{}, tables[3]{};
    AsidPool pool{};
    unsigned next_free = 40;

    enum : unsigned { pml, other_pml, pdpt, directory, table, asid_pool, asid_control };
    enum : unsigned { irq_control = 7, port_control, notification, read_only, null_slot };
    enum : unsigned { frame = 16 }; ///< and copies behind it

    Kernel()
    {
        fake::address_space().load(kernel_pml4());
        for (u16 base = 0; base < 4096; base += 512)
            if (AsidPool* const p = find_asid_pool(base)) delete_asid_pool(fake::cpu(), base, *p);
        for (unsigned irq = 0; irq < irq_count; ++irq) irq_table.route[irq] = {};
        release_io_ports(0, 0xffff);
        fake::io_apics() = {};
        put(cnode_slot, Cap::cnode(slots, cnode_radix, 0, 64 - cnode_radix));
        init_pml4(pml4);
        init_pml4(other_pml4);
        put(slots[pml], Cap::paging(CapType::pml4, &pml4));
        put(slots[other_pml], Cap::paging(CapType::pml4, &other_pml4));
        put(slots[pdpt], Cap::paging(CapType::pdpt, &tables[0]));
        put(slots[directory], Cap::paging(CapType::page_directory, &tables[1]));
        put(slots[table], Cap::paging(CapType::page_table, &tables[2]));
        put(slots[asid_control], Cap::singleton(CapType::asid_control));
        put(slots[irq_control], Cap::singleton(CapType::irq_control));
        put(slots[port_control], Cap::singleton(CapType::io_port_control));
        register_asid_pool(pool, 0);
        put(slots[asid_pool], Cap::asid_pool(&pool, 0));
        assign_asid(1, pml4);
        slots[pml].update(slots[pml].cap().mapped_at(1, 0));
        for (unsigned i = 0; i < 4; ++i)
            put(slots[frame + i], Cap::frame(bit(40) + bit(12) * i, FrameSize::small,
                                             Rights::read | Rights::write, false));
    }
    ~Kernel() { delete_asid_pool(fake::cpu(), 0, pool); }
    static void put(Slot& slot, Cap const& cap) { DerivationTree::insert_original({}, slot, cap); }
    void copy(unsigned from, unsigned to)
    {
        auto const cap = derive_cap(slots[from]);
        REQUIRE(cap);
        DerivationTree::insert_derived(slots[from], slots[to], *cap);
    }

    /// Decodes and performs; a success answers the message registers it wrote.
    Answer call(Decoder decoder, Slot& slot, Words words, std::vector<Slot*> caps = {})
    {
        Words buffer = words;
        buffer.resize(12);
        caps.resize(3);
        Invocation in{&slot,         slot.cap(), 0,  unsigned(words.size()), {},
                      buffer.data(), 3,          {}, &fake::thread(),        nullptr};
        std::copy_n(buffer.begin(), 4, in.mr);
        std::copy_n(caps.begin(), 3, in.caps);
        auto const plan = decoder(in);
        if (!plan) {
            SyscallError const e = plan.error();
            return {e.code, Words(e.word, e.word + e.length)};
        }
        unsigned const length = (*plan).perform(fake::cpu(), fake::thread()).length;
        Answer answer{E::no_error, {}};
        for (unsigned i = 0; i < length; ++i)
            answer.words.push_back(message_register(fake::thread().context, i));
        return answer;
    }

    Answer map(unsigned f, unsigned vspace, u64 vaddr, u64 rights = 15, u64 attributes = 0)
    {
        return call(decode_page_map, slots[f], {vaddr, rights, attributes}, {&slots[vspace]});
    }
    Answer map_table(Decoder decoder, unsigned t, u64 vaddr, unsigned vspace = pml)
    {
        return call(decoder, slots[t], {vaddr, 0}, {&slots[vspace]});
    }
    Answer unmap(unsigned f) { return call(decode_page_unmap, slots[f], {}); }
    Answer assign(unsigned vspace)
    {
        return call(decode_asid_pool_assign, slots[asid_pool], {}, {&slots[vspace]});
    }
    Answer get_io_apic(u64 chip, u64 pin, u64 level, u64 polarity, u64 vector)
    {
        return call(decode_irq_issue_io_apic, slots[irq_control],
                    {next_free++, 64, chip, pin, level, polarity, vector}, {&cnode_slot});
    }
    Answer get_msi(u64 bus, u64 device, u64 function, u64 vector)
    {
        return call(decode_irq_issue_msi, slots[irq_control],
                    {next_free++, 64, bus, device, function, 0, vector}, {&cnode_slot});
    }
    Answer issue_ports(u64 first, u64 last)
    {
        return call(decode_io_port_issue, slots[port_control], {first, last, next_free++, 64},
                    {&cnode_slot});
    }
};

Answer range(u64 least, u64 most)
{
    return {E::range_error, {least, most}};
}
Answer missing_table(u64 bits)
{
    return {E::failed_lookup, {0, 2, bits}};
}
Answer const not_elsewhere{E::invalid_argument, {0}};
constexpr u64 va = 0x10000000000;

} // namespace

TEST_CASE("frames and tables: what seL4 answered")
{
    auto const machine = std::make_unique<Kernel>();
    Kernel& k = *machine;
    constexpr unsigned f = Kernel::frame, f2 = f + 5, f3 = f + 1, f4 = f + 2, f5 = f + 6;
    constexpr unsigned vs = Kernel::pml;

    CHECK(k.map(f, vs, va) == missing_table(39));
    CHECK(k.map_table(decode_page_table_map, Kernel::table, va) == missing_table(39));
    CHECK(k.map_table(decode_pdpt_map, Kernel::pdpt, va) == ok);
    CHECK(k.map_table(decode_pdpt_map, Kernel::pdpt, va) == Answer{E::invalid_capability, {0}});
    CHECK(k.map(f, vs, va) == missing_table(30));
    CHECK(k.map_table(decode_page_directory_map, Kernel::directory, va) == ok);
    CHECK(k.map(f, vs, va) == missing_table(21));
    CHECK(k.map_table(decode_page_table_map, Kernel::table, va + 4096) == ok);
    CHECK(k.map(f, vs, va + 1) == Answer{E::alignment_error, {}});
    CHECK(k.map(f, vs, 0x800000000000) == Answer{E::invalid_argument, {0}});
    CHECK(k.map(f, vs, 0x7ffffffff000) == Answer{E::invalid_argument, {0}});
    CHECK(k.map(f, vs, va) == ok);
    CHECK(k.map(f, vs, va, abi::right_read) == ok);
    CHECK_FALSE(fake::hardware_walk(k.pml4, va)->writable);
    CHECK(k.map(f, vs, va + 4096) == not_elsewhere);
    k.copy(f, f2);
    CHECK(k.map(f2, vs, va) == ok);
    CHECK(k.map(f2, vs, va + 4096, 15, 99) == not_elsewhere);
    CHECK(k.map(f4, vs, va) == ok);
    CHECK(k.map(f4, vs, va + 8192, 15, 0x10063) == not_elsewhere);
    CHECK(k.map(f4, vs, va + 8192, 0) == not_elsewhere);
    CHECK(k.map(f4, vs, va + 8192, abi::right_write) == not_elsewhere);
    k.copy(f4, f5);
    CHECK(k.call(decode_page_get_address, k.slots[f4], {}) ==
          Answer{E::no_error, {bit(40) + 0x2000}});
    CHECK(k.unmap(f5) == ok);
    CHECK(fake::hardware_walk(k.pml4, va)); // f5 is a copy that was never mapped
    CHECK(k.unmap(f4) == ok);
    CHECK_FALSE(fake::hardware_walk(k.pml4, va));
    CHECK(k.unmap(f4) == ok);
    CHECK(k.map(f2, Kernel::irq_control, va + 8192) == Answer{E::invalid_capability, {1}});
    CHECK(k.call(decode_table_unmap, k.slots[Kernel::table], {}) == ok);
    CHECK(k.map(f, vs, va) == missing_table(21)); // its old mapping went with the table
    CHECK(k.map(f3, Kernel::other_pml, va) == Answer{E::invalid_capability, {1}});
    CHECK(k.assign(Kernel::other_pml) == ok);
    CHECK(k.assign(Kernel::other_pml) == Answer{E::invalid_capability, {1}});
}

TEST_CASE("frames and tables: what the reference says")
{
    auto const machine = std::make_unique<Kernel>();
    Kernel& k = *machine;
    constexpr unsigned f = Kernel::frame, vs = Kernel::pml, large = 30, copy = 31;
    REQUIRE(k.map_table(decode_pdpt_map, Kernel::pdpt, va) == ok);
    REQUIRE(k.map_table(decode_page_directory_map, Kernel::directory, va) == ok);
    REQUIRE(k.map_table(decode_page_table_map, Kernel::table, va) == ok);

    SECTION("a level that is taken")
    {
        PageTable second{};
        Kernel::put(k.slots[copy], Cap::paging(CapType::page_table, &second));
        CHECK(k.map_table(decode_page_table_map, copy, va) == Answer{E::delete_first, {}});
        k.slots[copy].update(Cap::paging(CapType::page_directory, &second));
        CHECK(k.map_table(decode_page_directory_map, copy, va) == Answer{E::delete_first, {}});
        k.slots[copy].update(Cap::paging(CapType::pdpt, &second));
        CHECK(k.map_table(decode_pdpt_map, copy, va) == Answer{E::delete_first, {}});
        CHECK(k.map_table(decode_pdpt_map, copy, 0x7fff'ffff'f000) == ok); // the last 512 GiB
    }
    SECTION("a large page does not replace a table, but a large page")
    {
        Kernel::put(k.slots[large], Cap::frame(bit(41), FrameSize::large, Rights::all, false));
        CHECK(k.map(large, vs, va) == Answer{E::delete_first, {}});
        CHECK(k.map(large, vs, va + 4096) == Answer{E::alignment_error, {}});
        CHECK(k.map(large, vs, va + bit(21)) == ok);
        Kernel::put(k.slots[copy], Cap::frame(bit(42), FrameSize::large, Rights::all, false));
        CHECK(k.map(copy, vs, va + bit(21)) == ok);
        CHECK(fake::hardware_walk(k.pml4, va + bit(21))->physical == bit(42));
        CHECK(k.unmap(large) == ok); // not its entry any more
        CHECK(fake::hardware_walk(k.pml4, va + bit(21)));
        // What lies below a large page has no table.
        CHECK(k.map(f, vs, va + bit(21)) == missing_table(21));
    }
    SECTION("the last page that fits")
    {
        CHECK(k.map(f, vs, 0x7fff'ffff'e000) == missing_table(39));
        Kernel::put(k.slots[large], Cap::frame(bit(41), FrameSize::large, Rights::all, false));
        CHECK(k.map(large, vs, 0x7fff'ffe0'0000) == Answer{E::invalid_argument, {0}});
        CHECK(k.map(large, vs, ~low_mask(21)) == Answer{E::invalid_argument, {0}});
        CHECK(k.map_table(decode_pdpt_map, Kernel::pdpt, bit(47)) ==
              Answer{E::invalid_capability, {0}});
    }
    SECTION("rights and attributes")
    {
        CHECK(k.map(f, vs, va, abi::right_write) == ok);
        CHECK_FALSE(fake::hardware_walk(k.pml4, va)->user);
        CHECK(k.map(f, vs, va, 15, abi::vm_execute_never | 4) == ok);
        CHECK(*fake::hardware_walk(k.pml4, va) ==
              fake::Translation{bit(40), true, true, false, 4, 12});
        CHECK(k.map(f, vs, va, 15, 5) == Answer{E::invalid_argument, {0}});
        k.slots[f].update(k.slots[f].cap().with_rights(Rights::read));
        CHECK(k.map(f, vs, va) == ok); // silently without Write
        CHECK_FALSE(fake::hardware_walk(k.pml4, va)->writable);
    }
    SECTION("another address space")
    {
        CHECK(k.map(f, vs, va) == ok);
        CHECK(k.assign(Kernel::other_pml) == ok);
        CHECK(k.map(f, Kernel::other_pml, va) == Answer{E::invalid_capability, {1}});
    }
    SECTION("an address space whose pool is gone")
    {
        delete_asid_pool(fake::cpu(), 0, k.pool);
        CHECK(vspace_of(k.slots[vs].cap()) == nullptr);
        CHECK(k.map(f, vs, va) == Answer{E::failed_lookup, {0, 1}});
        CHECK(k.map_table(decode_pdpt_map, Kernel::pdpt, va) == Answer{E::invalid_capability, {0}});
    }
    SECTION("a table with a copy of its capability")
    {
        k.copy(Kernel::table, copy);
        CHECK(k.call(decode_table_unmap, k.slots[copy], {}) == Answer{E::revoke_first, {}});
        DerivationTree::remove(k.slots[copy]);
        CHECK(k.call(decode_table_unmap, k.slots[Kernel::table], {}) == ok);
        CHECK(k.call(decode_table_unmap, k.slots[Kernel::table], {}) == ok);
    }
}

TEST_CASE("ASID pools")
{
    auto const machine = std::make_unique<Kernel>();
    Kernel& k = *machine;
    constexpr unsigned memory = 30;
    fake::Memory const page{12};
    auto const make = [&](u64 index) {
        return k.call(decode_asid_control_make_pool, k.slots[Kernel::asid_control], {index, 64},
                      {&k.slots[memory], &k.cnode_slot});
    };
    SECTION("memory")
    {
        Answer const refused{E::invalid_capability, {1}};
        CHECK(make(40) == refused);
        Kernel::put(k.slots[memory], Cap::untyped(page.physical(), 13, false));
        CHECK(make(40) == refused);
        k.slots[memory].update(Cap::untyped(page.physical(), 12, true));
        CHECK(make(40) == refused);
        k.slots[memory].update(Cap::untyped(page.physical(), 12, false));
        CHECK(make(Kernel::frame) == Answer{E::delete_first, {}});
        CHECK(make(40) == ok);
        CHECK(make(41) == Answer{E::revoke_first, {}});
        CHECK(k.slots[40].cap().asid_base() == 512);
        CHECK(k.slots[memory].cap().untyped_watermark() == 4096);
        Slot& pool = k.slots[40];
        CHECK(k.call(decode_asid_pool_assign, pool, {}, {&k.slots[Kernel::other_pml]}) == ok);
        CHECK(k.slots[Kernel::other_pml].cap().mapped_asid() == 512);
        CHECK(find_vspace(512) == &k.other_pml4);
        delete_asid_pool(fake::cpu(), 512, *pool.cap().object<AsidPool>());
        CHECK(find_vspace(512) == nullptr);
    }
    SECTION("eight pools, then no more")
    {
        auto const pools = std::make_unique<AsidPool[]>(7);
        for (u16 i = 1; i < 8; ++i) register_asid_pool(pools[usize(i - 1)], u16(i * 512));
        Kernel::put(k.slots[memory], Cap::untyped(page.physical(), 12, false));
        CHECK(make(40) == Answer{E::delete_first, {}});
        for (u16 i = 1; i < 8; ++i)
            delete_asid_pool(fake::cpu(), u16(i * 512), pools[usize(i - 1)]);
    }
    SECTION("511 address spaces in the first pool, ASID 0 is none")
    {
        CHECK(find_vspace(0) == nullptr);
        for (u16 asid = 1; asid < 512; ++asid)
            if (!find_vspace(asid)) assign_asid(asid, k.pml4);
        CHECK(k.assign(Kernel::other_pml) == Answer{E::delete_first, {}});
        delete_vspace(fake::cpu(), 77, k.pml4);
        CHECK(k.assign(Kernel::other_pml) == ok);
        CHECK(k.slots[Kernel::other_pml].cap().mapped_asid() == 77);
    }
    CHECK(k.assign(Kernel::frame) == Answer{E::invalid_capability, {1}});
}

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
    SECTION("what seL4 answered")
    {
        CHECK(k.issue_ports(5, 4) == Answer{E::invalid_argument, {1}});
        unsigned const slot = k.next_free;
        CHECK(k.issue_ports(0x3f8, 0x3ff) == ok);
        CHECK(k.issue_ports(0x3f8, 0x3ff) == Answer{E::revoke_first, {0x3f8, 0x3ff}});
        CHECK(k.call(decode_io_port_in8, k.slots[slot], {0x400}) ==
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
        CHECK(k.call(decode_io_port_in8, ports, {0x5f}) == refused);
        CHECK(k.call(decode_io_port_in8, ports, {0x63}) == read);
        CHECK(k.call(decode_io_port_in16, ports, {0x62}) == read);
        CHECK(k.call(decode_io_port_in16, ports, {0x63}) == refused);
        CHECK(k.call(decode_io_port_in32, ports, {0x60}) == read);
        CHECK(k.call(decode_io_port_in32, ports, {0x61}) == refused);
        CHECK(k.call(decode_io_port_out8, ports, {0x63, 1}) == ok);
        CHECK(k.call(decode_io_port_out16, ports, {0x63, 1}) == refused);
        CHECK(k.call(decode_io_port_out32, ports, {0x60, 1}) == ok);
        ports.update(Cap::io_port(0, 0xffff));
        CHECK(k.call(decode_io_port_in8, ports, {0xffff}) == read);
        CHECK(k.call(decode_io_port_in16, ports, {0xffff}) == refused);
        CHECK(k.call(decode_io_port_out32, ports, {0xfffd, 0}) == refused);
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
