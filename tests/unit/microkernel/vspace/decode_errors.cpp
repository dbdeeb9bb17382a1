// Error codes and order of checks of frames, tables and ASIDs: first the calls that were made to
// seL4 itself, in the same order and with the answers it gave, then the refusals that its reference
// documents.
#include "abi/extensions.hpp"
#include "calls.hpp"
#include <memory>

using namespace test;

namespace {
constexpr u64 va = 0x10000000000;
} // namespace

TEST_CASE("frames and tables: what seL4 answered")
{
    auto const machine = std::make_unique<Kernel>();
    Kernel& k = *machine;
    constexpr unsigned f = Kernel::frame, f2 = f + 5, f3 = f + 1, f4 = f + 2, f5 = f + 6;
    constexpr unsigned vs = Kernel::pml;

    CHECK(k.map(f, vs, va) == missing_table(39));
    CHECK(k.map_table(Kernel::table, va) == missing_table(39));
    CHECK(k.map_table(Kernel::pdpt, va) == ok);
    CHECK(k.map_table(Kernel::pdpt, va) == Answer{E::invalid_capability, {0}});
    CHECK(k.map(f, vs, va) == missing_table(30));
    CHECK(k.map_table(Kernel::directory, va) == ok);
    CHECK(k.map(f, vs, va) == missing_table(21));
    CHECK(k.map_table(Kernel::table, va + 4096) == ok);
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
    REQUIRE(k.map_table(Kernel::pdpt, va) == ok);
    REQUIRE(k.map_table(Kernel::directory, va) == ok);
    REQUIRE(k.map_table(Kernel::table, va) == ok);

    SECTION("a level that is taken")
    {
        PageTable second{};
        Kernel::put(k.slots[copy], Cap::paging(CapType::page_table, &second));
        CHECK(k.map_table(copy, va) == Answer{E::delete_first, {}});
        k.slots[copy].update(Cap::paging(CapType::page_directory, &second));
        CHECK(k.map_table(copy, va) == Answer{E::delete_first, {}});
        k.slots[copy].update(Cap::paging(CapType::pdpt, &second));
        CHECK(k.map_table(copy, va) == Answer{E::delete_first, {}});
        CHECK(k.map_table(copy, 0x7fff'ffff'f000) == ok); // the last 512 GiB
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
        CHECK(k.map_table(Kernel::pdpt, bit(47)) == Answer{E::invalid_capability, {0}});
    }
    SECTION("rights and attributes")
    {
        CHECK(k.map(f, vs, va, abi::right_write) == ok);
        CHECK_FALSE(fake::hardware_walk(k.pml4, va)->user);
        CHECK(k.map(f, vs, va, 15, 4, decode_page_map_execute_never) == ok);
        CHECK(*fake::hardware_walk(k.pml4, va) ==
              fake::Translation{bit(40), true, true, false, 4, 12});
        CHECK(k.map(f, vs, va, 15, 0xff00) == ok); // unknown bits are ignored
        CHECK(fake::hardware_walk(k.pml4, va)->executable);
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
        CHECK(k.map_table(Kernel::pdpt, va) == Answer{E::invalid_capability, {0}});
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
