// Makes the root server: address space, CNode with all initial capabilities, boot information,
// thread. Called from kernel_main; goes on in boot/boot_info.cpp, boot/extra_boot_info.cpp and
// boot/untyped_list.cpp. Everything here runs once and cannot be asked for by users.
// User addresses:  image | IPC buffer page | boot info page | extra boot info pages
// Source: seL4 manual, "Initial Thread's Environment".
#include "boot/root_server.hpp"

#include "arch/arch.hpp"
#include "arch_layout.hpp"
#include "boot/boot_info.hpp"
#include "boot/boot_memory.hpp"
#include "boot/extra_boot_info.hpp"
#include "cap/derivation_tree.hpp"
#include "debug/panic.hpp"
#include "elf/elf.hpp"
#include "sched/binding.hpp"
#include "sched/refill.hpp"
#include "vspace/vspace.hpp"
#include <cstring>

namespace mk {

namespace {

constexpr unsigned cnode_bits = HYPERCORE_ROOT_CNODE_BITS;
constexpr unsigned sched_context_bits = abi::min_sched_context_bits;
constexpr u64 page_size = bit(abi::page_bits);
constexpr u64 time_slice_us = 5000;
constexpr u16 root_asid = 1; // ASID 0 means "not mapped"
constexpr u16 root_pool_base = 0;

// Large, and only needed here: kept off the boot stack.
constinit UntypedList untypeds;
constinit HoleList holes;

/// Pages that are contiguous both in the address space and in memory.
struct Area {
    u64 address = 0, pages = 0;
    u64 memory = 0; ///< physical

    u64 bytes() const { return pages * page_size; }
    u64 end() const { return address + bytes(); }
};

/// What has been made of the root server so far.
struct RootServer {
    elf::Image image;
    Area code{}, ipc_buffer{}, boot_info{}, extra{}; ///< one behind the other
    Slot* cnode = nullptr;
    PageTable* pml4 = nullptr;
    SlotLayout layout{};
};

u64 take(u64 bytes)
{
    return boot_memory.take_cleared(bytes, "root server");
}

elf::Image parse_image(boot::Module const& module)
{
    auto const file =
        std::span{arch::from_physical<u8 const>(module.address), static_cast<usize>(module.size)};
    auto const parsed = elf::Image::parse(file);
    if (!parsed) panic("root server: ", elf::sentence(parsed.error()));
    return *parsed;
}

/// Chooses user addresses. The length of the extra boot info does not depend on anything later.
void lay_out(RootServer& root, boot::Handoff const& handoff)
{
    u64 const highest = root.image.end_address();
    if (highest > user_top) panic("root server: linked outside of user addresses");
    u64 const lowest = align_down(root.image.lowest_address(), abi::page_bits);
    root.code = {lowest, (align_up(highest, abi::page_bits) - lowest) / page_size};
    root.ipc_buffer = {root.code.end(), 1};
    root.boot_info = {root.ipc_buffer.end(), 1};
    usize const extra_length = write_extra_boot_info({}, handoff, platform, untypeds);
    root.extra = {root.boot_info.end(), (extra_length + page_size - 1) / page_size};
    if (root.extra.end() > user_top) panic("root server: no user addresses left behind it");
}

void load_image(RootServer& root)
{
    root.code.memory = take(root.code.bytes());
    for (elf::Segment const& segment : root.image.segments())
        std::memcpy(arch::from_physical(root.code.memory + (segment.address - root.code.address)),
                    segment.data.data(), segment.data.size());
}

void put(RootServer const& root, u64 number, Cap const& cap)
{
    DerivationTree::insert_original(&DerivationTree::first, root.cnode[number], cap);
}

/// Tables in order of size, as boot info promises.
constexpr struct Level {
    CapType type;
    unsigned entry_bits;
} levels[] = {{CapType::pdpt, 39}, {CapType::page_directory, 30}, {CapType::page_table, 21}};

/// Number of slots in the dynamic regions, but for untypeds.
RootCapCounts count_caps(RootServer const& root)
{
    u64 paging = 0;
    for (Level const& level : levels)
        paging += tables_needed(root.code.address, root.extra.end(), level.entry_bits);
    return {paging, root.extra.pages, root.code.pages, 0};
}

/// Tables of one size in order of address.
void make_tables(RootServer const& root)
{
    u64 next = root.layout.paging.start;
    for (Level const& level : levels) {
        u64 const first = align_down(root.code.address, level.entry_bits);
        for (u64 at = first; at < root.extra.end(); at += bit(level.entry_bits)) {
            auto* const table = arch::from_physical<PageTable>(take(page_size));
            map_boot_table(*root.pml4, at, level.type, *table);
            put(root, next++, Cap::paging(level.type, table).mapped_at(root_asid, at));
        }
    }
}

/// Frames from `first_slot` on, mapped. As in seL4 users may write and execute all of the image;
/// whoever wants less maps it again.
void make_frames(RootServer const& root, u64 first_slot, Area const& area)
{
    for (u64 i = 0; i < area.pages; ++i) {
        u64 const at = area.address + i * page_size, physical = area.memory + i * page_size;
        map_boot_frame(*root.pml4, at, physical);
        put(root, first_slot + i,
            Cap::frame(physical, FrameSize::small, Rights::read | Rights::write, false)
                .mapped_at(root_asid, at));
    }
}

void make_address_space(RootServer& root)
{
    root.pml4 = arch::from_physical<PageTable>(take(page_size));
    init_pml4(*root.pml4);
    auto* const pool = arch::from_physical<AsidPool>(take(sizeof(AsidPool)));
    register_asid_pool(*pool, root_pool_base);
    assign_asid(root_asid, *root.pml4);
    put(root, abi::slot_init_thread_vspace,
        Cap::paging(CapType::pml4, root.pml4).mapped_at(root_asid, 0));
    put(root, abi::slot_init_thread_asid_pool, Cap::asid_pool(pool, root_pool_base));

    make_tables(root);
    for (Area* area : {&root.ipc_buffer, &root.boot_info, &root.extra})
        area->memory = take(area->bytes());
    make_frames(root, root.layout.extra_pages.start, root.extra);
    make_frames(root, root.layout.image_frames.start, root.code);
    make_frames(root, abi::slot_boot_info_frame, root.boot_info);
    make_frames(root, abi::slot_init_thread_ipc_buffer, root.ipc_buffer);
}

void put_singletons(RootServer const& root)
{
    put(root, abi::slot_init_thread_cnode,
        Cap::cnode(root.cnode, cnode_bits, 0, unsigned(abi::word_bits) - cnode_bits));
    put(root, abi::slot_irq_control, Cap::singleton(CapType::irq_control));
    put(root, abi::slot_asid_control, Cap::singleton(CapType::asid_control));
    put(root, abi::slot_io_port_control, Cap::singleton(CapType::io_port_control));
    put(root, abi::slot_domain, Cap::singleton(CapType::domain));
    put(root, root.layout.sched_control.start, Cap::sched_control(0));
}

/// A capability of the thread itself, derived from one in the CNode. The IPC buffer's is not the
/// one that maps the page, so that the mapping outlives a change of buffer.
void give(RootServer const& root, Tcb& tcb, Tcb::SlotIndex index, u64 number)
{
    Slot& source = root.cnode[number];
    Cap const cap = source.cap().is(CapType::frame) ? source.cap().unmapped() : source.cap();
    DerivationTree::insert_derived(source, tcb.slot(index), cap);
}

void make_thread(Cpu& cpu, RootServer const& root)
{
    static_assert(bit(abi::tcb_bits) + bit(sched_context_bits) <= page_size);
    u64 const memory = take(page_size);
    auto* const tcb = new (arch::from_physical(memory)) Tcb;
    auto* const sc = new (arch::from_physical(memory + bit(abi::tcb_bits))) SchedContext;
    put(root, abi::slot_init_thread_tcb, Cap::tcb(tcb));
    put(root, abi::slot_init_thread_sc, Cap::sched_context(sc, sched_context_bits));
    give(root, *tcb, Tcb::cspace, abi::slot_init_thread_cnode);
    give(root, *tcb, Tcb::vspace, abi::slot_init_thread_vspace);
    give(root, *tcb, Tcb::ipc_buffer, abi::slot_init_thread_ipc_buffer);

    arch::init_context(*tcb);
    tcb->context.rip = tcb->context.fault_ip = root.image.entry();
    tcb->context.rdi = root.boot_info.address;
    tcb->ipc_buffer_address = root.ipc_buffer.address;
    tcb->priority = tcb->mcp = abi::max_priority;
    std::memcpy(tcb->name, "rootserver", sizeof "rootserver");
    tcb->is_root_server = true;
    tcb->state = ThreadState::running;

    Ticks const slice = time_slice_us * cpu.ticks_per_us;
    refill::configure(cpu, *sc, u16(max_refills(sched_context_bits)), slice, slice);
    bind_thread(cpu, *sc, *tcb);
}

void add_hole(u64 base, u64 end, bool module = false)
{
    if (!holes.add({base, end, module})) panic("untypeds: too many memory regions");
}

/// Memory that is no device, as handoff and machine say. seL4's users expect the first MiB, RAM
/// or not, among the devices: firmware keeps tables there.
void find_holes(boot::Handoff const& handoff)
{
    using K = boot::RegionKind;
    for (boot::Region const& r : handoff.memory()) {
        if (r.kind == K::reserved || r.kind == K::acpi) continue;
        bool const for_users = r.kind == K::ram || r.kind == K::loader;
        u64 const from = for_users && r.base < BootMemory::lowest ? BootMemory::lowest : r.base;
        add_hole(from, r.end());
    }
    for (boot::Module const& m : handoff.files().subspan(1))
        add_hole(m.address, align_up(m.end(), abi::page_bits), true);
    add_hole(platform.local_apic, platform.local_apic + page_size);
    for (unsigned i = 0; i < platform.io_apic_count; ++i)
        add_hole(platform.io_apic[i].address, platform.io_apic[i].address + page_size);
}

void put_untypeds(RootServer const& root)
{
    u64 next = root.layout.untyped.start;
    for (UntypedEntry const& entry : untypeds.entries())
        put(root, next++, Cap::untyped(entry.base, entry.bits, entry.device));
}

/// From here on boot_memory gives nothing out: what it holds becomes untypeds.
void list_untypeds(boot::Handoff const& handoff)
{
    // The file is loaded; the memory it came in is free.
    boot::Module const& file = handoff.modules[0];
    (void)boot_memory.add(file.address, align_up(file.end(), abi::page_bits));
    find_holes(handoff);
    list_devices(untypeds, holes);
    for (MemoryRange const& range : boot_memory.free())
        untypeds.add(range.base, range.end, UntypedList::Kind::ram);
    if (untypeds.dropped_bytes() != 0)
        log("untypeds", untypeds.dropped_bytes(), " bytes in small pieces left out");
}

} // namespace

void start_root_server(Cpu& cpu, boot::Handoff const& handoff)
{
    untypeds = {}; // a kernel starts once, a host test often
    holes = {};
    DerivationTree::first = {};
    RootServer root{.image = parse_image(handoff.modules[0])};
    lay_out(root, handoff);

    RootCapCounts counts = count_caps(root);
    counts.untypeds = UntypedList::capacity; // the most there can be
    root.layout = slot_layout(counts, cnode_bits);
    if (root.layout.empty.end < root.layout.empty.start)
        panic("root server: too large for the root CNode");
    root.cnode = arch::from_physical<Slot>(take(sizeof(Slot) << cnode_bits));

    load_image(root);
    make_address_space(root);
    put_singletons(root);
    make_thread(cpu, root);

    list_untypeds(handoff);
    counts.untypeds = untypeds.entries().size();
    root.layout = slot_layout(counts, cnode_bits);
    put_untypeds(root);
    usize const extra_length =
        write_extra_boot_info({arch::from_physical<u8>(root.extra.memory), root.extra.bytes()},
                              handoff, platform, untypeds);
    write_boot_info(*arch::from_physical<abi::BootInfo>(root.boot_info.memory), root.layout,
                    cnode_bits, root.ipc_buffer.address, extra_length, untypeds);
}

} // namespace mk
