// A CSpace, the objects that calls on frames, ASIDs, interrupts and I/O ports need, and those
// calls: decoded, performed when legal, answered as user space would see it.
#pragma once

#include "address_space.hpp"
#include "api/decode.hpp"
#include "cap/derivation_tree.hpp"
#include "fakes.hpp"
#include "ipc/transfer.hpp"
#include "kernel_space.hpp"
#include "object/io_port.hpp"
#include "object/irq_handler.hpp"
#include "vspace/page_table.hpp"
#include <catch2/catch.hpp>
#include <ostream>
#include <vector>

namespace test {

using namespace mk;
using E = abi::ErrorCode;
using Words = std::vector<u64>;

struct Answer {
    E code;
    Words words;
    bool operator==(Answer const&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, Answer const& a)
{
    out << "error " << u64(a.code) << " {";
    for (u64 const w : a.words) out << std::hex << w << ' ';
    return out << '}';
}
inline Answer const ok{E::no_error, {}};

inline constexpr unsigned cnode_radix = 6;

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
        fake::address_space().load(empty_pml4());
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
    Answer call(Decoder decoder, Slot& slot, Words words, std::vector<Slot*> caps = {},
                abi::Label label = {})
    {
        Words buffer = words;
        buffer.resize(12);
        caps.resize(3);
        Invocation in{&slot,         slot.cap(), u64(label), unsigned(words.size()), {},
                      buffer.data(), 3,          {},         &fake::thread(),        nullptr};
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

    Answer map(unsigned f, unsigned vspace, u64 vaddr, u64 rights = 15, u64 attributes = 0,
               Decoder how = decode_page_map)
    {
        return call(how, slots[f], {vaddr, rights, attributes}, {&slots[vspace]});
    }
    Answer map_table(unsigned t, u64 vaddr, unsigned vspace = pml)
    {
        return call(decode_table_map, slots[t], {vaddr, 0}, {&slots[vspace]});
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

inline Answer range(u64 least, u64 most)
{
    return {E::range_error, {least, most}};
}
inline Answer missing_table(u64 bits)
{
    return {E::failed_lookup, {0, 2, bits}};
}
inline Answer const not_elsewhere{E::invalid_argument, {0}};

} // namespace test
