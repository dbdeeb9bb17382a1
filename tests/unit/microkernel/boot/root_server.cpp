// Starting a root server on the host: the whole of start_root_server with an ELF made here, against
// the slots and capabilities observed of seL4; and every handoff it must refuse, with its line.
#include "boot/root_server.hpp"

#include "abi/boot_info.hpp"
#include "abi/constants.hpp"
#include "abi/extensions.hpp"
#include "address_space.hpp"
#include "boot/boot_memory.hpp"
#include "cap/derivation_tree.hpp"
#include "fakes.hpp"
#include "kernel_space.hpp"
#include "panic.hpp"
#include "platform.hpp"
#include "sched/binding.hpp"
#include "sched/cpu.hpp"
#include "sched/refill.hpp"
#include <catch2/catch.hpp>
#include <elf.h>
#include <memory>

namespace mk {

Platform platform;

// Scheduling is not this test's business: it only wants to know what was asked for.
namespace {
struct Started {
    Tcb* tcb = nullptr;
    SchedContext* sc = nullptr;
    Ticks budget = 0, period = 0;
    u16 refills = 0;
} started;
} // namespace
void bind_thread(Cpu&, SchedContext& sc, Tcb& tcb)
{
    started.tcb = &tcb;
    started.sc = &sc;
}
void refill::configure(Cpu&, SchedContext&, u16 max, Ticks budget, Ticks period)
{
    started.budget = budget;
    started.period = period;
    started.refills = max;
}

} // namespace mk

using namespace mk;
using K = boot::RegionKind;

namespace {

constexpr u64 image = 0x400000, image_end = 0x411040, entry = 0x400123;

/// A static executable: text at 0x400000, data up to 0x411040, most of it without a file.
std::vector<u8> executable(u64 first = image, u64 end = image_end)
{
    std::vector<u8> file(0x3000);
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = header.e_version = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_entry = first + 0x123;
    header.e_phoff = header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    Elf64_Phdr const segments[] = {
        {PT_LOAD, PF_R | PF_X, 0, first, first, 0x1800, 0x1800, 0x1000},
        {PT_LOAD, PF_R | PF_W, 0x2800, first + 0x2800, 0, 0x100, end - first - 0x2800, 0x1000}};
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, segments, sizeof segments);
    file[0x1234] = 0x42;
    file[0x2801] = 0x43;
    return file;
}

/// 16 MiB of memory, as a machine that has nothing else.
struct Machine {
    static constexpr unsigned bits = 24;
    fake::Memory memory{bits};
    fake::Memory module_memory{16};
    std::unique_ptr<boot::Handoff> handoff = std::make_unique<boot::Handoff>();
    AsidPool* pool = nullptr;

    explicit Machine(std::vector<u8> const& file = executable(), u64 ram = bit(bits))
    {
        boot_memory = BootMemory{};
        platform = Platform{};
        platform.rsdp_address = 0xe0000;
        platform.local_apic = 0xfee00000;
        platform.io_apic_count = 1;
        platform.io_apic[0].address = 0xfec00000;
        platform.tsc_hz = 1'000'000'000;
        fake::cpu().ticks_per_us = 1000;
        fake::address_space().load(empty_pml4());
        started = {};
        (void)boot_memory.add(memory.physical(), memory.physical() + ram);
        std::memset(module_memory.at<u8>(0), 0, bit(16));
        std::memcpy(module_memory.at<u8>(0), file.data(), file.size());
        add(memory.physical(), bit(bits), K::ram);
        add(module_memory.physical(), bit(16), K::module);
        add_module(0, file.size());
    }
    ~Machine()
    {
        if (AsidPool* const p = find_asid_pool(0)) delete_asid_pool(fake::cpu(), 0, *p);
    }
    void add(u64 base, u64 size, K kind)
    {
        handoff->regions[handoff->region_count++] = {base, size, kind, 0};
    }
    void add_module(u64 offset, u64 size)
    {
        boot::Module& m = handoff->modules[handoff->module_count++];
        m.address = module_memory.physical() + offset;
        m.size = size;
    }
    void start() { start_root_server(fake::cpu(), *handoff); }
    std::string refusal()
    {
        try {
            start();
        } catch (fake::Panic const& panic) {
            return panic.what();
        }
        return "started";
    }
};

/// What user space finds at an address of the root server.
template <class T> T* user(u64 vaddr)
{
    PageTable* const root = find_vspace(1);
    REQUIRE(root);
    auto const found = fake::hardware_walk(*root, vaddr);
    REQUIRE(found);
    CHECK((found->user && found->writable && found->executable && found->memory_type == 0));
    return reinterpret_cast<T*>(found->physical);
}
Slot* root_cnode()
{
    return started.tcb->slot(Tcb::cspace).cap().cnode_slots();
}

} // namespace

TEST_CASE("the root server's environment is the observed one")
{
    Machine m;
    m.add_module(0x4000, 0x2345);
    m.start();
    Tcb& tcb = *started.tcb;
    Slot* const slots = root_cnode();

    CHECK(tcb.context.rip == entry);
    CHECK(tcb.context.fault_ip == entry);
    CHECK(tcb.context.rdi == 0x413000);
    CHECK((tcb.context.rsp == 0 && tcb.context.rax == 0));
    CHECK((tcb.priority == 255 && tcb.mcp == 255 && tcb.domain == 0));
    CHECK(tcb.state == ThreadState::running);
    CHECK(std::string{tcb.name} == "rootserver");
    CHECK(tcb.ipc_buffer_address == 0x412000);
    CHECK((started.budget == 5'000'000 && started.period == started.budget));
    CHECK(started.refills == 2);

    SECTION("capabilities 0 to 15 and the paging structures")
    {
        unsigned const observed[] = {0, 12, 10, 9, 14, 11, 13, 31, 0, 1,
                                     1, 20, 0,  0, 22, 0,  24, 7,  5, 3};
        for (unsigned i = 0; i < std::size(observed); ++i) {
            INFO("slot " << i);
            CHECK(unsigned(slots[i].cap().type()) == observed[i]);
        }
        auto const found = lookup_slot(slots[abi::slot_init_thread_cnode].cap(), 5);
        REQUIRE(found);
        CHECK(*found == &slots[5]);
        CHECK_FALSE(lookup_slot(slots[abi::slot_init_thread_cnode].cap(), bit(40) + 5));
        CHECK(vspace_of(tcb.slot(Tcb::vspace).cap()) == find_vspace(1));
        CHECK_FALSE(DerivationTree::is_final(slots[abi::slot_init_thread_vspace]));
        CHECK(tcb.slot(Tcb::ipc_buffer).cap().address() ==
              slots[abi::slot_init_thread_ipc_buffer].cap().address());
        CHECK_FALSE(tcb.slot(Tcb::ipc_buffer).cap().is_mapped());
        CHECK(tcb.slot(Tcb::fault_handler).empty());
    }
    SECTION("boot info, and what it says")
    {
        auto const* const info = user<abi::BootInfo>(0x413000);
        CHECK(info->ipc_buffer == 0x412000);
        CHECK((info->user_image_paging.start == 17 && info->user_image_paging.end == 20));
        CHECK((info->extra_boot_info_pages.start == 20 && info->extra_boot_info_pages.end == 21));
        CHECK((info->user_image_frames.start == 21 && info->user_image_frames.end == 39));
        CHECK(info->untyped.start == 39);
        CHECK(info->empty.start == info->untyped.end);
        CHECK(info->empty.end == 8192);
        CHECK(slots[info->empty.start].empty());
        CHECK(slots[info->empty.end - 1].empty());
        CHECK(user<abi::BootInfoHeader>(0x414000)->id == 3);

        bool ram_seen = false;
        for (u64 i = 0; i < info->untyped.end - info->untyped.start; ++i) {
            abi::UntypedDesc const& d = info->untyped_list[i];
            Cap const& cap = slots[info->untyped.start + i].cap();
            REQUIRE(cap.is(CapType::untyped));
            CHECK(cap == Cap::untyped(d.paddr, d.size_bits, d.is_device));
            if (!d.is_device) ram_seen = true;
            CHECK(ram_seen == !d.is_device); // devices first
            for (u64 const kept : {u64{0xfee00000}, u64{0xfec00000},
                                   find_vspace(1) ? reinterpret_cast<u64>(find_vspace(1)) : 0})
                CHECK_FALSE((kept >= d.paddr && kept < d.paddr + bit(d.size_bits)));
        }
        CHECK(ram_seen);
        // The root server's own file is memory again, the module behind it is device memory.
        u64 module_bytes = 0;
        bool file_is_ram = false;
        for (u64 i = 0; i < info->untyped.end - info->untyped.start; ++i) {
            abi::UntypedDesc const& d = info->untyped_list[i];
            u64 const offset = d.paddr - m.module_memory.physical();
            if (offset == 0x4000 || offset == 0x6000) {
                CHECK(d.is_device);
                module_bytes += bit(d.size_bits);
            }
            if (offset == 0) file_is_ram = !d.is_device;
        }
        CHECK(module_bytes == 0x3000);
        CHECK(file_is_ram);
    }
    SECTION("the image")
    {
        CHECK(*user<u8>(image + 0x1234) == 0x42);
        CHECK(*user<u8>(image + 0x2801) == 0x43);
        CHECK(*user<u8>(image + 0x1801) == 0); // between the segments
        CHECK(*user<u8>(0x410fff) == 0);
        CHECK_FALSE(fake::hardware_walk(*find_vspace(1), 0x3ff000));
        CHECK_FALSE(fake::hardware_walk(*find_vspace(1), 0x415000));
        u64 const first = slots[21].cap().address();
        for (u64 i = 0; i < 18; ++i) {
            Cap const& cap = slots[21 + i].cap();
            CHECK(cap.address() == first + i * 4096); // contiguous
            CHECK(cap.mapped_address() == image + i * 4096);
            CHECK(reinterpret_cast<u64>(user<u8>(image + i * 4096)) == cap.address());
        }
        CHECK(find_vspace(1)->entry[300] == empty_pml4().entry[300]);
    }
}

TEST_CASE("what cannot be started is refused with a line that says why")
{
    SECTION("no executable")
    {
        auto file = executable();
        file[0] = 'X';
        CHECK(Machine{file}.refusal().starts_with("root server: "));
        file.resize(10);
        CHECK(Machine{file}.refusal().starts_with("root server: "));
    }
    SECTION("a place that is not the users'")
    {
        CHECK(Machine{executable(0xffff'8000'0000'0000, 0xffff'8000'0001'0000)}.refusal() ==
              "root server: linked outside of user addresses");
        CHECK(Machine{executable(0x7fff'fff0'0000, 0x7fff'ffff'f000)}.refusal() ==
              "root server: no user addresses left behind it");
    }
    SECTION("too large for the CNode, or for memory")
    {
        CHECK(Machine{executable(image, image + (u64{8192} << 12))}.refusal() ==
              "root server: too large for the root CNode");
        CHECK(Machine{executable(image, image + bit(24))}.refusal() ==
              "root server: not enough memory");
        CHECK(Machine{executable(), 0x40000}.refusal() == "root server: not enough memory");
    }
}
