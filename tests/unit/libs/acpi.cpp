// Rules of libs/acpi: RSDP and tables are believed only with right length and checksum, nothing
// outside the view is read, every MADT entry is checked, and unknown entries are skipped.
#include "acpi/madt.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using acpi::Fault;
using Bytes = std::vector<u8>;

namespace {

/// 64 KiB of "physical memory" at an address of its own; reads outside get what lies inside.
struct Memory {
    static constexpr u64 base = 0x7fe0'0000;
    Bytes bytes = Bytes(0x1'0000);
    usize next = 0;

    acpi::PhysicalView view()
    {
        return {[](void* self, u64 address, u64 size) {
                    std::span<u8 const> const all{static_cast<Memory*>(self)->bytes};
                    if (address < base || address - base > all.size()) return all.first(0);
                    auto const rest = all.subspan(address - base);
                    return rest.first(size < rest.size() ? size : rest.size());
                },
                this};
    }
    /// Puts a table somewhere, 4 bytes off alignment, and returns its address.
    u64 add(Bytes const& table)
    {
        usize const at = next + 4;
        std::memcpy(bytes.data() + at, table.data(), table.size());
        next = at + (table.size() + 15) / 16 * 16;
        return base + at;
    }
};

void put(Bytes& out, u64 value, unsigned size)
{
    for (unsigned i = 0; i < size; ++i) out.push_back(static_cast<u8>(value >> (8 * i)));
}

void set_checksum(Bytes& bytes, usize at, usize size)
{
    bytes[at] = 0;
    u8 sum = 0;
    for (usize i = 0; i < size; ++i) sum = static_cast<u8>(sum + bytes[i]);
    bytes[at] = static_cast<u8>(-sum);
}

Bytes table(std::string const& signature, Bytes const& body)
{
    Bytes out(signature.begin(), signature.end());
    put(out, 36 + body.size(), 4);
    out.resize(36);
    out.insert(out.end(), body.begin(), body.end());
    set_checksum(out, 9, out.size());
    return out;
}

Bytes rsdp(u8 revision, u32 rsdt, u64 xsdt)
{
    std::string const signature = "RSD PTR ";
    Bytes out(signature.begin(), signature.end());
    out.resize(15);
    out.push_back(revision);
    put(out, rsdt, 4);
    if (revision >= 2) {
        put(out, 36, 4);
        put(out, xsdt, 8);
        out.resize(36);
    }
    set_checksum(out, 8, 20);
    if (revision >= 2) set_checksum(out, 32, 36);
    return out;
}

Bytes madt_body(Bytes const& entries, u32 flags = 1)
{
    Bytes out;
    put(out, 0xfee0'0000, 4);
    put(out, flags, 4);
    out.insert(out.end(), entries.begin(), entries.end());
    return out;
}

/// A MADT entry: type, length and the rest, which has this many bytes per (value, size).
Bytes entry(u8 type, std::vector<std::pair<u64, unsigned>> const& fields)
{
    Bytes out{type, 0};
    for (auto const& [value, size] : fields) put(out, value, size);
    out[1] = static_cast<u8>(out.size());
    return out;
}

Fault parse(Bytes const& entries, acpi::Madt& out)
{
    auto const result = acpi::parse_madt(table("APIC", madt_body(entries)), out);
    return result ? Fault::ok : result.error();
}

Fault parse(Bytes const& entries)
{
    return parse(entries, *std::make_unique<acpi::Madt>());
}

template <class T> Fault fault_of(Result<T, Fault> result)
{
    return result ? Fault::ok : result.error();
}

Bytes operator+(Bytes left, Bytes const& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

} // namespace

TEST_CASE("an RSDP of either version names its root table", "[acpi]")
{
    auto v1 = acpi::parse_rsdp(rsdp(0, 0x1000, 0));
    REQUIRE(v1);
    CHECK((v1->root_table == 0x1000 && !v1->is_xsdt));
    auto v2 = acpi::parse_rsdp(rsdp(2, 0x1000, 0x1'2345'6789));
    REQUIRE(v2);
    CHECK((v2->root_table == 0x1'2345'6789 && v2->is_xsdt));
    auto no_xsdt = acpi::parse_rsdp(rsdp(2, 0x1000, 0));
    REQUIRE(no_xsdt);
    CHECK((no_xsdt->root_table == 0x1000 && !no_xsdt->is_xsdt));
    CHECK(fault_of(acpi::parse_rsdp(rsdp(2, 0, 0))) == Fault::no_root_table);
}

TEST_CASE("every spoilt byte of an RSDP is noticed", "[acpi]")
{
    for (u8 revision : {u8{0}, u8{2}}) {
        auto const good = rsdp(revision, 0x1000, 0x2000);
        for (usize at = 0; at < good.size(); ++at) {
            auto bad = good;
            bad[at] ^= 0x10;
            CHECK_FALSE(acpi::parse_rsdp(bad));
            CHECK_FALSE(acpi::parse_rsdp(std::span{good}.first(at)));
        }
    }
}

TEST_CASE("the RSDP is found on 16-byte boundaries only", "[acpi]")
{
    Bytes range(4096);
    auto const good = rsdp(0, 0x1000, 0);
    CHECK_FALSE(acpi::find_rsdp(range));
    std::memcpy(range.data() + 1000, good.data(), good.size());
    CHECK_FALSE(acpi::find_rsdp(range));
    std::memcpy(range.data() + 4064, good.data(), good.size());
    CHECK(acpi::find_rsdp(range) == 4064u);
    CHECK_FALSE(acpi::find_rsdp(std::span{range}.first(4064 + 19)));
}

TEST_CASE("reading an RSDP needs an address and readable memory", "[acpi]")
{
    Memory memory;
    CHECK(fault_of(acpi::read_rsdp(memory.view(), 0)) == Fault::no_rsdp);
    CHECK(fault_of(acpi::read_rsdp(memory.view(), 0x1000)) == Fault::unreadable);
    CHECK(fault_of(acpi::read_rsdp(memory.view(), Memory::base + 0xffff)) == Fault::unreadable);
    u64 const at = memory.add(rsdp(2, 0, 0x2000));
    CHECK(acpi::read_rsdp(memory.view(), at));
}

TEST_CASE("a table is found through XSDT and RSDT", "[acpi]")
{
    Memory memory;
    u64 const other = memory.add(table("FACP", Bytes(8)));
    u64 const wanted = memory.add(table("APIC", madt_body({})));
    Bytes wide, narrow;
    for (u64 const address : {u64{0x10}, other, wanted})
        put(wide, address, 8), put(narrow, address, 4);
    u64 const xsdt = memory.add(table("XSDT", wide)), rsdt = memory.add(table("RSDT", narrow));
    for (acpi::Rsdp const root : {acpi::Rsdp{xsdt, true}, acpi::Rsdp{rsdt, false}}) {
        auto found = acpi::find_table(memory.view(), root, "APIC");
        REQUIRE(found);
        REQUIRE(found->has_value());
        CHECK((**found).data() == memory.bytes.data() + (wanted - Memory::base));
        auto missing = acpi::find_table(memory.view(), root, "HPET");
        REQUIRE(missing);
        CHECK_FALSE(missing->has_value());
    }
    CHECK(fault_of(acpi::find_table(memory.view(), {rsdt, true}, "APIC")) == Fault::bad_signature);
    CHECK(fault_of(acpi::find_table(memory.view(), {0x10, true}, "APIC")) == Fault::unreadable);
}

TEST_CASE("a corrupt table is refused, also when only its length lies", "[acpi]")
{
    Memory memory;
    u64 const at = memory.add(table("APIC", madt_body({})));
    u8* const bytes = memory.bytes.data() + (at - Memory::base);
    CHECK(fault_of(acpi::read_table(memory.view(), at, "APIC")) == Fault::ok);
    CHECK(fault_of(acpi::read_table(memory.view(), at, "HPET")) == Fault::bad_signature);
    bytes[40] ^= 1;
    CHECK(fault_of(acpi::read_table(memory.view(), at, "APIC")) == Fault::bad_checksum);
    for (u32 length : {0u, 35u, 0x10'0001u, 0xffff'ffffu}) {
        std::memcpy(bytes + 4, &length, 4);
        CHECK(fault_of(acpi::read_table(memory.view(), at, "APIC")) == Fault::bad_length);
    }
    u32 const past_the_view = 0x1'0000;
    std::memcpy(bytes + 4, &past_the_view, 4);
    CHECK(fault_of(acpi::read_table(memory.view(), at, "APIC")) == Fault::unreadable);
}

TEST_CASE("every kind of MADT entry is read", "[madt]")
{
    auto madt = std::make_unique<acpi::Madt>();
    Bytes const entries = entry(0, {{1, 1}, {2, 1}, {1, 4}}) + entry(0, {{9, 1}, {8, 1}, {2, 4}}) +
                          entry(9, {{0, 2}, {0x123, 4}, {1, 4}, {77, 4}}) +
                          entry(1, {{5, 1}, {0, 1}, {0xfec0'0000, 4}, {24, 4}}) +
                          entry(2, {{0, 1}, {9, 1}, {20, 4}, {0xd, 2}}) +
                          entry(3, {{0x5, 2}, {2, 4}}) + entry(4, {{0xff, 1}, {0, 2}, {1, 1}}) +
                          entry(10, {{0xf, 2}, {77, 4}, {0, 1}, {0, 3}}) +
                          entry(5, {{0, 2}, {0x1'fee0'0000, 8}}) + entry(0x7f, {{1, 8}});
    REQUIRE(parse(entries, *madt) == Fault::ok);
    CHECK(madt->local_apic_address == 0x1'fee0'0000);
    CHECK(madt->has_legacy_pics);
    REQUIRE(madt->local_apics.size() == 3);
    CHECK((madt->local_apics[0].apic_id == 2 && madt->local_apics[0].processor_uid == 1));
    CHECK((madt->local_apics[0].enabled && !madt->local_apics[0].online_capable));
    CHECK((!madt->local_apics[1].enabled && madt->local_apics[1].online_capable));
    CHECK((madt->local_apics[2].apic_id == 0x123 && madt->local_apics[2].processor_uid == 77));
    REQUIRE(madt->io_apics.size() == 1);
    CHECK((madt->io_apics[0].address == 0xfec0'0000 && madt->io_apics[0].gsi_base == 24));
    REQUIRE(madt->overrides.size() == 1);
    CHECK((madt->overrides[0].source == 9 && madt->overrides[0].gsi == 20));
    CHECK(madt->overrides[0].polarity == acpi::Polarity::active_high);
    CHECK(madt->overrides[0].trigger == acpi::Trigger::level);
    REQUIRE(madt->io_nmis.size() == 1);
    CHECK(madt->io_nmis[0].trigger == acpi::Trigger::edge);
    REQUIRE(madt->local_nmis.size() == 2);
    CHECK(madt->local_nmis[0].processor_uid == acpi::all_processors);
    CHECK((madt->local_nmis[1].processor_uid == 77 && madt->local_nmis[1].lint == 0));
}

TEST_CASE("a MADT entry of impossible length or value is refused", "[madt]")
{
    CHECK(parse({0}) == Fault::bad_entry_length);
    CHECK(parse({0, 0}) == Fault::bad_entry_length);
    CHECK(parse({0, 1}) == Fault::bad_entry_length);
    CHECK(parse({0, 8, 0, 0}) == Fault::bad_entry_length);
    for (u8 type : {0, 1, 2, 3, 4, 5, 9, 10}) CHECK(parse({type, 2}) == Fault::bad_entry_length);
    CHECK(parse({6, 2}) == Fault::ok);
    CHECK(parse(entry(2, {{1, 1}, {9, 1}, {9, 4}, {0, 2}})) == Fault::bad_entry_value);
    CHECK(parse(entry(2, {{0, 1}, {9, 1}, {9, 4}, {2, 2}})) == Fault::bad_entry_value);
    CHECK(parse(entry(3, {{8, 2}, {2, 4}})) == Fault::bad_entry_value);
    CHECK(parse(entry(4, {{0, 1}, {0, 2}, {2, 1}})) == Fault::bad_entry_value);
    acpi::Madt madt;
    CHECK(fault_of(acpi::parse_madt(table("APIC", Bytes(7)), madt)) == Fault::bad_length);
}

TEST_CASE("too many I/O APICs are refused, too many processors are counted", "[madt]")
{
    Bytes io, cpus;
    for (unsigned i = 0; i < 17; ++i) io = io + entry(1, {{i, 1}, {0, 1}, {0, 4}, {0, 4}});
    CHECK(parse(io) == Fault::too_many_entries);
    for (unsigned i = 0; i < 300; ++i) cpus = cpus + entry(9, {{0, 2}, {i, 4}, {1, 4}, {i, 4}});
    auto madt = std::make_unique<acpi::Madt>();
    CHECK(parse(cpus, *madt) == Fault::ok);
    CHECK(madt->local_apics.size() == 256);
    CHECK(madt->left_out == 44);
}
