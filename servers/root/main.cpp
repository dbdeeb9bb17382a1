// The first program: it gets everything from the kernel and gives it to the trusted base. What it
// keeps is its endpoint and the first serial port, for two things: to print for the trusted base
// until there is a console, and to say what happened when a member of it dies. Nobody can replace
// that: the machine stops then, with the kernel's report.
#include "cpio/cpio.hpp"
#include "kit/bits.hpp"
#include "protocol/memory.hpp"
#include "root/boot_info.hpp"
#include "runtime/runtime.hpp"
#include "services.hpp"
#include "thread.hpp"
#include "trusted_base.hpp"

namespace root {

namespace {

/// Slots of the empty ones that are used before anything else is known.
constexpr u64 port_slot = 0, ram_slots = 1, first_object_slot = ram_slots + Ram::slots;

Serial open_serial(abi::BootInfo const& info)
{
    u64 const slot = info.empty.start + port_slot;
    (void)sys::IoPortControl{abi::slot_io_port_control}.issue(com1_first, com1_last,
                                                              own_cnode.slot(slot));
    return Serial{sys::IoPort{slot}};
}

Serial& serial()
{
    static constinit Serial it{sys::IoPort{}};
    return it;
}

void tell_boot(abi::BootInfo const& info, Ram const& ram, abi::BootModule const& archive)
{
    u64 bytes = 0;
    for (auto const& it : ram.pieces()) bytes += u64{1} << it.bits;
    serial().print("root: ", bytes >> 20, " MiB of RAM in ", ram.pieces().size(), " pieces, ",
                   info.untyped.end - info.untyped.start - ram.pieces().size(),
                   " pieces of device memory, boot archive of ", archive.size >> 10, " KiB\n");
}

composition::Reader open_system(Archive const& archive)
{
    auto const file = cpio::find(archive.bytes, "system");
    if (!file) give_up("the boot archive is damaged: ", cpio::sentence(file.error()));
    if (!*file) give_up("the boot archive has no file 'system'");
    auto const system = composition::Reader::open((*file)->data);
    if (!system) give_up("the system description is refused: ", sentence(system.error()));
    return *system;
}

u64 log2_up(u64 bytes)
{
    unsigned bits = 12;
    while (bit(bits) < bytes) ++bits;
    return bits;
}

[[noreturn]] void run(abi::BootInfo const& info)
{
    serial() = open_serial(info);
    auto const module = boot_archive(info);
    if (!module) give_up("the loader brought no boot archive");
    static Ram ram{info, info.empty.start + ram_slots};
    tell_boot(info, ram, *module);

    constexpr u64 for_endpoints = 64 * 1024; // and page tables of the scratch page
    auto const own_memory = ram.take(log2_up(memory_for_archive(*module) + for_endpoints));
    static Objects objects{sys::Untyped{own_memory.slot}, info.empty.start + first_object_slot,
                           info.empty.end};
    static AddressSpace own{sys::VSpace{abi::slot_init_thread_vspace}, objects};
    static Archive const archive = map_archive(info, *module, own, objects);
    static composition::Reader const system = open_system(archive);
    serial().print("root: system '", system.profile(), "' of ", system.programs().size(),
                   " programs\n");

    static TrustedBase base{info, serial(), ram, objects, own, archive, system};
    static Thread maker;
    auto const reply = objects.make<sys::Reply>(abi::ObjectType::reply);
    auto const starts = maker.start(info, objects, own, base.endpoint(),
                                    memory::fault_bit | system.header().root, [] {
                                        base.start();
                                        runtime::exit(0);
                                    });
    if (!reply || !starts) give_up("there is not enough memory");
    serve(base, system, serial(), *reply, maker);
}

} // namespace

void give_up(char const* why, char const* what)
{
    serial().print("root: ", why, what, "\n");
    serial().wait_until_sent();
    runtime::exit(1);
}

} // namespace root

int main(void* argument)
{
    root::run(*static_cast<abi::BootInfo const*>(argument));
}
