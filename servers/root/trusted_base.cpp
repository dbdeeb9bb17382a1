// See trusted_base.hpp.
#include "trusted_base.hpp"

#include "gift.hpp"
#include "kit/bits.hpp"
#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "root/boot_info.hpp"
#include "rpc/channel.hpp"
#include "rpc/serve.hpp"
#include <algorithm>
#include <cstddef>
#include <cstring>

namespace root {

namespace {

namespace layout = program::layout;
using abi::ObjectType;

constexpr u64 page_size = bit(abi::page_bits);
constexpr u64 scratch_page = 0x10'0000'0000; ///< of ours: a frame being filled

template <class T> std::span<u8 const> bytes_of(T const& it)
{
    return {reinterpret_cast<u8 const*>(&it), sizeof it};
}

u64 log2_up(u64 bytes)
{
    unsigned bits = 12;
    while (bit(bits) < bytes) ++bits;
    return bits;
}

u64 tsc_mhz(abi::BootInfo const& info)
{
    u32 mhz = 0;
    auto const chunk = find_chunk(info, static_cast<u64>(abi::BootInfoId::x86_tsc_frequency));
    std::memcpy(&mhz, chunk.data(), std::min(chunk.size(), sizeof mhz));
    return mhz;
}

abi::BootClock boot_clock(abi::BootInfo const& info)
{
    abi::BootClock clock{};
    auto const chunk = find_chunk(info, abi::boot_info_clock);
    std::memcpy(&clock, chunk.data(), std::min(chunk.size(), sizeof clock));
    return clock;
}

} // namespace

TrustedBase::TrustedBase(abi::BootInfo const& info, Serial serial, Ram& ram, Objects& objects,
                         AddressSpace& own, Archive const& archive,
                         composition::Reader const& system)
    : info_{info}, serial_{serial}, ram_{ram}, objects_{objects}, own_{own}, archive_{archive},
      system_{system}, maker_{{}, system, peers_, {}}
{
    make_peers();
}

void TrustedBase::start()
{
    start_memory_manager();
    start_device_manager();
    start_supervisor();
}

void TrustedBase::drop() const
{
    (void)own_cnode.slot(maker_.authority().memory.address()).remove();
    for (u64 const slot : {abi::slot_init_thread_vspace, abi::slot_domain})
        (void)own_cnode.slot(slot).remove();
}

spawn::Process const* TrustedBase::member(u64 index) const
{
    for (spawn::Process const* it : {&memory_manager_, &device_manager_, &supervisor_})
        if (it->program() == index) return it;
    return nullptr;
}

/// Endpoints and notifications of the trusted base, and our own capability to the memory-manager.
void TrustedBase::make_peers()
{
    composition::Header const& header = system_.header();
    for (u32 const index :
         {header.root, header.memory_manager, header.device_manager, header.supervisor}) {
        auto const endpoint = objects_.make<sys::Endpoint>(ObjectType::endpoint);
        auto const wake = objects_.make<sys::Notification>(ObjectType::notification);
        if (!endpoint || !wake) give_up("there is not enough memory for endpoints");
        peers_[index] = {(*endpoint).address(), (*wake).address()};
    }
    auto const slots = objects_.take_slots(2);
    if (!slots || !own_cnode.slot(*slots).mint_from(
                      own_cnode.slot(peers_[header.memory_manager].endpoint), memory::manager))
        give_up("there are no slots left");
    maker_ = spawn::Maker{{own_cnode, sys::Tcb{abi::slot_init_thread_tcb},
                           sys::SchedControl{info_.sched_control.start}, sys::Endpoint{*slots},
                           *slots + 1},
                          system_,
                          peers_,
                          {}};
}

spawn::Image TrustedBase::image_of(u32 index) const
{
    composition::Program const& program = system_.program(index);
    auto const image = spawn::load_image(archive_.bytes, program);
    if (!image) {
        serial_.print("root: ", program.name, ": ", image.error(), "\n");
        give_up("the trusted base is not complete");
    }
    return *image;
}

spawn::Process TrustedBase::new_process()
{
    auto const slots = objects_.take_slots(spawn::process_slots);
    if (!slots) give_up("there are no slots left");
    return spawn::Process{*slots};
}

void TrustedBase::must(spawn::Result<void> const& result, char const* name) const
{
    if (result) return;
    spawn::Failure const failure = result.error();
    serial_.print("root: ", name, ": ", failure.step, ": error ", static_cast<u16>(failure.error),
                  ", the kernel says ", sys::name(failure.kernel), "\n");
    give_up(name, "cannot be made");
}

/// A new frame with these bytes at a page's beginning, mapped read-only into a program.
sys::Frame TrustedBase::map_filled(AddressSpace& space, Objects& objects, u64 address,
                                   std::span<u8 const> bytes)
{
    auto const frame = objects.make<sys::Frame>(ObjectType::x86_4k);
    if (!frame || !own_.map(*frame, scratch_page, sys::Rights::read_write, sys::data_attributes))
        give_up("a page of memory-manager cannot be made");
    std::memcpy(reinterpret_cast<void*>(scratch_page), bytes.data(), bytes.size());
    if (!(*frame).unmap() || !space.map(*frame, address, sys::Rights::read, sys::data_attributes))
        give_up("a page of memory-manager cannot be mapped");
    return *frame;
}

/// Makes and maps all pages of an image: the memory-manager has nobody to serve its page faults.
void TrustedBase::load(spawn::Image const& image, AddressSpace& space, Objects& objects)
{
    for (spawn::Segment const& it : image.segments()) {
        bool const write = (it.access & memory::access_write) != 0;
        sys::Attributes attributes = sys::data_attributes;
        attributes.executable = (it.access & memory::access_execute) != 0;
        for (u64 at = 0; at < it.bytes; at += page_size) {
            u64 const data = at < it.file_bytes ? std::min(it.file_bytes - at, page_size) : 0;
            auto const file = archive_.bytes.subspan(data ? it.offset + at : 0, data);
            auto const frame = map_filled(space, objects, it.address + at, file);
            // Again, with what the program may do there.
            if (!space.map(frame, it.address + at,
                           write ? sys::Rights::read_write : sys::Rights::read, attributes))
                give_up("a page of memory-manager cannot be mapped");
        }
    }
}

void TrustedBase::start_memory_manager()
{
    u32 const index = system_.header().memory_manager;
    composition::Program const& program = system_.program(index);
    auto const image = image_of(index);
    u64 bytes = bit(program.objects_bits) + 32 * page_size; // paging structures, other pages
    for (spawn::Segment const& it : image.segments()) bytes += it.bytes;
    u64 const slots = bytes / page_size + 16;
    auto const first = objects_.take_slots(slots);
    if (!first) give_up("there are no slots left");
    handover::Untyped const memory = ram_.take(log2_up(bytes));
    Objects objects{sys::Untyped{memory.slot}, *first, *first + slots};

    memory_manager_ = new_process();
    // First, so that it lies where the memory does.
    auto const untyped = objects.make<sys::Untyped>(ObjectType::untyped, program.objects_bits);
    auto const vspace = objects.make<sys::VSpace>(ObjectType::x64_pml4);
    auto const buffer = objects.make<sys::Frame>(ObjectType::x86_4k);
    auto const put = [](sys::Cap to, u64 from) {
        return own_cnode.slot(to.address()).move_from(own_cnode.slot(from));
    };
    if (!vspace || !untyped || !buffer || !put(memory_manager_.vspace(), (*vspace).address()) ||
        !put(memory_manager_.untyped(), (*untyped).address()) ||
        !put(memory_manager_.buffer(), (*buffer).address()) ||
        !sys::AsidPool{abi::slot_init_thread_asid_pool}.assign(memory_manager_.vspace()))
        give_up("memory-manager cannot be made");
    AddressSpace space{memory_manager_.vspace(), objects};
    load(image, space, objects);
    if (!space.map(memory_manager_.buffer(), layout::ipc_buffer, sys::Rights::read_write,
                   sys::data_attributes))
        give_up("a page of memory-manager cannot be mapped");
    must(maker_.make_inside(memory_manager_, index, image.entry, memory.physical), program.name);
    static_assert(offsetof(runtime::Arguments, values) < page_size);
    map_filled(space, objects, layout::arguments, bytes_of(maker_.arguments()).first(page_size));
    map_filled(space, objects, handover::address, bytes_of(gift_to_memory_manager()));
    memory_manager_bytes_ = objects.bytes();
    if (!memory_manager_.tcb().resume()) give_up("memory-manager does not run");
}

handover::Memory const& TrustedBase::gift_to_memory_manager()
{
    static constinit handover::Memory memory{};
    Gift gift{system_, memory_manager_};
    composition::Header const& header = system_.header();
    memory.own_cnode = gift.own_cnode_of_it();
    memory.own_cnode_bits = gift.cnode_bits();
    memory.own_vspace = gift.copy(memory_manager_.vspace().address());
    memory.own_tcb = gift.copy(memory_manager_.tcb().address());
    memory.asid_control = gift.move(abi::slot_asid_control);
    memory.asid_pool = gift.move(abi::slot_init_thread_asid_pool);
    memory.endpoint = gift.copy(peers_[header.memory_manager].endpoint);
    memory.supervisor_signal =
        gift.mint(peers_[header.supervisor].notification, rpc::signal_bit | handover::memory_event,
                  sys::Rights::write);
    memory.archive_physical = archive_.module.paddr;
    memory.archive_bytes = archive_.module.size;
    memory.archive_cnode = gift.move(archive_.frames.address());
    memory.archive_cnode_bits = archive_.frames_bits;
    memory.tsc_mhz = tsc_mhz(info_);
    for (handover::Untyped const& it : ram_.pieces()) {
        if (memory.ram_count == handover::max_ram) break; // the kernel lists the largest first
        auto const slot = static_cast<u32>(gift.move(it.slot));
        memory.ram[memory.ram_count++] = {it.physical, slot, it.bits};
    }
    memory.empty = gift.rest();
    return memory;
}

void TrustedBase::start_device_manager()
{
    u32 const index = system_.header().device_manager;
    device_manager_ = new_process();
    must(maker_.make(device_manager_, index, image_of(index)), system_.program(index).name);

    map_archive(device_manager_);
    static constinit handover::Devices devices{};
    Gift gift{system_, device_manager_};
    devices.own_cnode = gift.own_cnode_of_it();
    devices.own_cnode_bits = gift.cnode_bits();
    devices.irq_control = gift.move(abi::slot_irq_control);
    devices.io_port_control = gift.move(abi::slot_io_port_control);
    devices.com1_ports = gift.copy(serial_.port().address());
    devices.endpoint = gift.copy(peers_[index].endpoint);
    devices.notification = gift.copy(peers_[index].notification);
    devices.own_space = device_manager_.space();
    devices.archive_bytes = archive_.bytes.size();
    devices.supervisor_signal =
        gift.mint(peers_[system_.header().supervisor].notification,
                  rpc::signal_bit | handover::device_event, sys::Rights::write);
    devices.tsc_mhz = tsc_mhz(info_);
    devices.tsc_hz = boot_clock(info_).tsc_hz;
    devices.tsc_at_entry = boot_clock(info_).tsc_at_entry;
    auto const rsdp = find_chunk(info_, static_cast<u64>(abi::BootInfoId::x86_acpi_rsdp));
    devices.rsdp_bytes = std::min(rsdp.size(), sizeof devices.rsdp);
    std::memcpy(devices.rsdp, rsdp.data(), devices.rsdp_bytes);
    auto const screen = find_chunk(info_, static_cast<u64>(abi::BootInfoId::x86_framebuffer));
    devices.framebuffer_bytes = std::min(screen.size(), sizeof devices.framebuffer);
    std::memcpy(devices.framebuffer, screen.data(), devices.framebuffer_bytes);
    give_device_memory(gift, devices);
    devices.empty = gift.rest();
    must(maker_.fill(device_manager_, handover::address, bytes_of(devices)), "device-manager");
    must(maker_.start(device_manager_), "device-manager");
}

/// All device memory but the boot archive's.
void TrustedBase::give_device_memory(Gift& gift, handover::Devices& devices)
{
    abi::BootModule const& archive = archive_.module;
    u64 const count = info_.untyped.end - info_.untyped.start;
    for (u64 i = 0; i < count && i < abi::max_boot_info_untypeds; ++i) {
        abi::UntypedDesc const& it = info_.untyped_list[i];
        bool const of_archive = i - archive.first_untyped < archive.untyped_count;
        if (!it.is_device || of_archive) continue;
        if (devices.memory_count == handover::max_device_memory)
            give_up("the kernel has more pieces of device memory than fit into the hand-over");
        auto const slot = static_cast<u32>(gift.move(info_.untyped.start + i));
        devices.memory[devices.memory_count++] = {it.paddr, slot, it.size_bits};
    }
}

void TrustedBase::start_supervisor()
{
    composition::Header const& header = system_.header();
    composition::Program const& program = system_.program(header.supervisor);
    supervisor_ = new_process();
    must(maker_.make(supervisor_, header.supervisor, image_of(header.supervisor)), program.name);
    // It gives priorities itself, up to its own.
    if (!supervisor_.tcb().set_max_controlled_priority(sys::Tcb{abi::slot_init_thread_tcb},
                                                       program.priority))
        give_up("supervisor cannot be given its priority");
    map_archive(supervisor_);

    static constinit handover::Supervision it{};
    Gift gift{system_, supervisor_};
    it.own_cnode = gift.own_cnode_of_it();
    it.own_cnode_bits = gift.cnode_bits();
    it.own_tcb = gift.copy(supervisor_.tcb().address());
    it.memory_manager =
        gift.mint(peers_[header.memory_manager].endpoint, memory::manager, sys::Rights::all);
    it.memory_endpoint = gift.copy(peers_[header.memory_manager].endpoint);
    it.device_endpoint = gift.copy(peers_[header.device_manager].endpoint);
    it.root_endpoint = gift.copy(peers_[header.root].endpoint);
    it.endpoint = gift.copy(peers_[header.supervisor].endpoint);
    it.memory_notification = gift.copy(peers_[header.memory_manager].notification);
    it.device_notification = gift.copy(peers_[header.device_manager].notification);
    it.notification = gift.copy(peers_[header.supervisor].notification);
    it.own_space = supervisor_.space();
    it.device_space = device_manager_.space();
    it.archive_bytes = archive_.bytes.size();
    it.tsc_mhz = tsc_mhz(info_);
    it.tsc_at_entry = boot_clock(info_).tsc_at_entry;
    it.sched_control = gift.move(info_.sched_control.start); // the last use that we have for it
    give_members(gift, it);
    it.empty = gift.rest();
    must(maker_.fill(supervisor_, handover::address, bytes_of(it)), program.name);
    must(maker_.start(supervisor_), program.name);
}

/// What `ps` shows of the trusted base.
void TrustedBase::give_members(Gift& gift, handover::Supervision& to)
{
    constexpr u64 no_space = ~u64{0};
    auto const& image = info_.user_image_frames;
    to.member[0] = {system_.header().root, gift.copy(abi::slot_init_thread_sc), 0, no_space,
                    (image.end - image.start) * page_size + objects_.bytes()};
    usize n = 0;
    for (spawn::Process const* it : {&memory_manager_, &device_manager_, &supervisor_}) {
        bool const accounted = it->exists();
        to.member[++n] = {it->program(), gift.copy(it->context().address()),
                          it->thread(system_.program(it->program())),
                          accounted ? it->space() : no_space,
                          accounted ? 0 : memory_manager_bytes_};
    }
}

void TrustedBase::map_archive(spawn::Process const& process)
{
    u64 const bytes = archive_.bytes.size();
    auto const mapped = rpc::call<memory::Memory, memory::MapArchive>(
        rpc::Channel{maker_.authority().memory},
        {process.space(), handover::archive_address, align_up(bytes, abi::page_bits), 0, bytes,
         memory::access_read});
    if (!mapped) give_up("the boot archive cannot be mapped for the trusted base");
}

} // namespace root
