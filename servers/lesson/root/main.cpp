// The root server: the first program the kernel starts, with capabilities to everything. It takes
// the machine apart into programs that have little, and then does three things for ever: it hears
// of their faults, answers their calls, and obeys the prompt. Read next: programs.cpp (who may do
// what), loader.cpp (how a program is made), supervisor.cpp (how it ends).
#include "cpio/cpio.hpp"
#include "firmware.hpp"
#include "root/boot_info.hpp"
#include "rpc/channel.hpp"
#include "runtime/runtime.hpp"
#include "services.hpp"

namespace root {

namespace {

/// Answers that no program gets which does what it is made for.
bool is_stray(Error answer)
{
    return answer == Error::not_supported || answer == Error::missing_rights;
}

/// The loop. Nothing in it blocks but receiving.
[[noreturn]] void serve(SharedObjects& shared, sys::Reply reply, Supervisor& supervisor,
                        Shell& shell)
{
    Services services{shell};
    static constinit rpc::Message message{};
    sys::Endpoint const endpoint = shared.root_endpoint();
    sys::Received received = endpoint.receive(reply);
    for (;;) {
        u64 const number = received.badge & ~fault_bit;
        if (number >= program_count) { // cannot be: we made every badge
            received = endpoint.receive(reply);
            continue;
        }
        Program& program = supervisor.programs()[number];
        bool answer = true;
        if (received.badge & fault_bit) {
            answer = supervisor.on_fault(program, received);
            message.label = message.words = 0; // to a fault: go on
        } else {
            rpc::from_kernel(received, message);
            rpc::dispatch(lesson::Supervisor{}, services, {received.badge}, message);
            if (is_stray(static_cast<Error>(message.label))) {
                supervisor.on_stray_message(program);
                answer = program.runs();
            }
        }
        if (!answer) shell.on_end(program.definition->id);
        received = answer ? endpoint.reply_receive(rpc::to_kernel(message), reply)
                          : endpoint.receive(reply);
    }
}

/// Ends the root server when there is nothing to live on. Its fault stops the machine with the
/// kernel's own report.
[[noreturn]] void give_up(Console& console, char const* why)
{
    console.print("root: ", why, "\n");
    console.wait_until_sent();
    runtime::exit(1);
}

void tell_boot(Console& console, abi::BootInfo const& info, abi::UntypedDesc const& ram)
{
    console.print("root: ", info.untyped.end - info.untyped.start, " untypeds, ",
                  info.empty.end - info.empty.start, " empty slots; living on ",
                  (u64{1} << ram.size_bits) / (1024 * 1024), " MiB at ", Hex{ram.paddr}, "\n");
}

/// The boot archive, mapped and looked through once, so that it can be trusted from then on.
std::span<u8 const> map_archive(Console& console, abi::BootInfo const& info, DeviceMemory& memory)
{
    auto const module = boot_archive(info);
    if (!module) give_up(console, "the loader brought no boot archive");
    auto const archive = memory.view(module->paddr, module->size);
    if (archive.empty()) give_up(console, "the boot archive cannot be mapped");
    u64 files = 0;
    cpio::Reader reader{archive};
    for (;;) {
        auto entry = reader.next();
        if (!entry) give_up(console, cpio::sentence(entry.error()));
        if (!*entry) break;
        ++files;
    }
    console.print("root: boot archive with ", files, " programs, ", module->size / 1024, " KiB\n");
    return archive;
}

[[noreturn]] void run(abi::BootInfo const& info)
{
    Console console;
    auto const ram = largest_ram_untyped(info);
    if (!ram) runtime::exit(1); // nothing to make anything of, not even a way to say so
    Objects objects{sys::Untyped{info.untyped.start + *ram}, info.empty.start, info.empty.end};
    AddressSpace own{sys::VSpace{abi::slot_init_thread_vspace}, objects};

    SharedObjects shared{objects, own};
    if (!shared.make_ports()) runtime::exit(1);
    console.use_port(shared.uart_ports());
    tell_boot(console, info, info.untyped_list[*ram]);

    DeviceMemory devices{info, own, objects};
    Firmware firmware{info, devices};
    auto const archive = map_archive(console, info, devices);
    static constinit acpi::Madt interrupts; // too large for the stack
    acpi::read_interrupts(firmware.table("APIC"), interrupts);
    if (!shared.make_rest(interrupts))
        give_up(console, "the kernel refuses to make the shared objects");

    Loader loader{console, own, shared, archive, sys::SchedControl{info.sched_control.start}};
    Supervisor supervisor{console, loader, shared};
    auto const reply = objects.make<sys::Reply>(abi::ObjectType::reply);
    if (!supervisor.reserve(objects) || !reply) give_up(console, "there is not enough memory");
    supervisor.start_all();

    PowerSwitch power{firmware, objects};
    Shell shell{console, supervisor, shared, power};
    shell.welcome();
    serve(shared, *reply, supervisor, shell);
}

} // namespace

} // namespace root

int main(void* argument)
{
    root::run(*static_cast<abi::BootInfo const*>(argument));
}
