// Makes a running program out of a file of the boot archive: an address space of its own, a CSpace
// with what its definition grants, a thread, a scheduling context. Everything comes from the
// program's own untyped, so that ending it gives all of it back.
#pragma once

#include "console.hpp"
#include "elf/elf.hpp"
#include "program.hpp"
#include "root/address_space.hpp"
#include "runtime/arguments.hpp"
#include "shared_objects.hpp"
#include <span>

namespace root {

class Loader {
public:
    Loader(Console& console, AddressSpace& own, SharedObjects& shared, std::span<u8 const> archive,
           sys::SchedControl sched_control)
        : console_{console}, own_{own}, shared_{shared}, archive_{archive}, sched_control_{
                                                                                sched_control}
    {
    }

    /// Starts a program that does not run. `parameter` becomes its argument "misdeed".
    /// False when it cannot be started: the reason is printed, and nothing of it is left.
    bool start(Program& program, u64 parameter);

private:
    bool build(Program& program, u64 parameter);
    sys::Result<void> load_segment(Program& program, AddressSpace& space,
                                   elf::Segment const& segment);
    sys::Result<sys::Frame> load_page(Objects& objects, elf::Segment const& segment, u64 page);
    sys::Result<sys::Frame> make_arguments(Objects& objects, runtime::Arguments const& arguments);
    sys::Result<void> grant(Program& program, AddressSpace& space, sys::CNode cspace,
                            runtime::Arguments& arguments);
    sys::Result<void> grant_memory(Program& program, AddressSpace& space, Shared ring, u64 address);
    sys::Result<void> make_thread(Program& program, AddressSpace& space, sys::CNode cspace,
                                  sys::Frame ipc_buffer, u64 entry);
    sys::Result<void> make_process(Program& program, elf::Image const& image, u64 parameter);

    Console& console_;
    AddressSpace& own_;
    SharedObjects& shared_;
    std::span<u8 const> archive_;
    sys::SchedControl sched_control_;
};

} // namespace root
