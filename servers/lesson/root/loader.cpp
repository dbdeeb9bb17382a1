// See loader.hpp. The order: address space, grants, arguments page, IPC buffer, thread.
#include "loader.hpp"

#include "cpio/cpio.hpp"
#include "kit/bits.hpp"
#include "layout.hpp"
#include <cstring>
#include <iterator>

namespace root {

namespace {

constexpr u64 page_size = bit(abi::page_bits);
/// Each program's CNode: 64 slots, named by their index (the guard takes the other bits).
constexpr u64 cspace_bits = 6;
constexpr u64 cspace_guard = sys::guard_word(0, abi::word_bits - cspace_bits);
/// Bytes of a scheduling context, log2: the smallest that holds one budget per period.
constexpr u64 context_bits = 8;

constexpr sys::Slot own_slot(u64 slot)
{
    return own_cnode.slot(slot);
}

u64 first_page(elf::Segment const& segment)
{
    return align_down(segment.address, abi::page_bits);
}
u64 end_page(elf::Segment const& segment)
{
    return align_up(segment.address + segment.memory_size, abi::page_bits);
}

/// Whether a file may become a program: nothing writable is executable, everything lies where
/// images may, and no page belongs to two segments (rights could be mixed there).
char const* refusal(elf::Image const& image)
{
    auto const segments = image.segments();
    for (usize i = 0; i < segments.size(); ++i) {
        if (segments[i].write && segments[i].execute) return "a part is writable and executable";
        if (segments[i].address < layout::image_start || image.end_address() > layout::image_end)
            return "it does not lie where programs may";
        for (usize k = 0; k < i; ++k)
            if (first_page(segments[i]) < end_page(segments[k]) &&
                first_page(segments[k]) < end_page(segments[i]))
                return "two parts share a page";
    }
    return nullptr;
}

/// What the parts of an image may be used for: written or executed, never both.
sys::Rights rights_of(elf::Segment const& segment)
{
    return segment.write ? sys::Rights::read_write : sys::Rights::read;
}
sys::Attributes attributes_of(elf::Segment const& segment)
{
    return segment.execute ? code_attributes : sys::data_attributes;
}

} // namespace

bool Loader::start(Program& program, u64 parameter)
{
    if (build(program, parameter)) {
        ++program.starts;
        return true;
    }
    program.tcb = {};
    program.context = {};
    if (!program.objects.destroy()) console_.print("root: cannot clean up after it\n");
    return false;
}

bool Loader::build(Program& program, u64 parameter)
{
    char const* const name = program.definition->name;
    auto const file = cpio::find(archive_, name);
    if (!file || !*file) {
        console_.print("root: cannot start '", name, "': it is not in the boot archive\n");
        return false;
    }
    auto const image = elf::Image::parse((*file)->data);
    char const* const problem = image ? refusal(*image) : elf::sentence(image.error());
    if (problem) {
        console_.print("root: cannot start '", name, "': ", problem, "\n");
        return false;
    }
    auto const made = make_process(program, *image, parameter);
    if (!made)
        console_.print("root: cannot start '", name, "': the kernel says ",
                       sys::name(made.error().code), "\n");
    return static_cast<bool>(made);
}

sys::Result<void> Loader::make_process(Program& program, elf::Image const& image, u64 parameter)
{
    using abi::ObjectType;
    Objects& objects = program.objects;
    auto const cspace = TRY(objects.make<sys::CNode>(ObjectType::cnode, cspace_bits));
    auto const vspace = TRY(objects.make<sys::VSpace>(ObjectType::x64_pml4));
    TRY(sys::AsidPool{abi::slot_init_thread_asid_pool}.assign(vspace));
    AddressSpace space{vspace, objects};

    program.guard_count = 0;
    for (elf::Segment const& segment : image.segments()) TRY(load_segment(program, space, segment));

    static constinit runtime::Arguments arguments{};
    arguments = {};
    arguments.magic = runtime::arguments_magic;
    arguments.ipc_buffer = layout::program_ipc_buffer;
    std::string_view const name{program.definition->name};
    for (usize i = 0; i < name.size() && i + 1 < sizeof arguments.program; ++i)
        arguments.program[i] = name[i];
    TRY(grant(program, space, cspace, arguments));
    arguments.add("misdeed", parameter);

    auto const page = TRY(make_arguments(objects, arguments));
    TRY(space.map(page, layout::program_arguments, sys::Rights::read, sys::data_attributes));
    auto const buffer = TRY(
        space.map_new(layout::program_ipc_buffer, sys::Rights::read_write, sys::data_attributes));
    return make_thread(program, space, cspace, buffer, image.entry());
}

sys::Result<void> Loader::load_segment(Program& program, AddressSpace& space,
                                       elf::Segment const& segment)
{
    for (u64 page = first_page(segment); page < end_page(segment); page += page_size) {
        auto const frame = TRY(load_page(program.objects, segment, page));
        TRY(space.map(frame, page, rights_of(segment), attributes_of(segment)));
    }
    if (segment.write && program.guard_count < std::size(program.guard_pages))
        program.guard_pages[program.guard_count++] = first_page(segment) - page_size;
    return {};
}

/// A new frame with what the segment has in the page at address `page`; the rest stays zero.
sys::Result<sys::Frame> Loader::load_page(Objects& objects, elf::Segment const& segment, u64 page)
{
    auto const frame = TRY(objects.make<sys::Frame>(abi::ObjectType::x86_4k));
    u64 const begin = page > segment.address ? page : segment.address;
    u64 const data_end = segment.address + segment.data.size();
    u64 const end = data_end < page + page_size ? data_end : page + page_size;
    if (begin >= end) return frame; // fresh frames are zero
    // A frame is mapped in one place at a time: here first, to be filled.
    TRY(own_.map(frame, layout::scratch_page, sys::Rights::read_write, sys::data_attributes));
    std::memcpy(reinterpret_cast<u8*>(layout::scratch_page + (begin - page)),
                segment.data.data() + (begin - segment.address), end - begin);
    TRY(frame.unmap());
    return frame;
}

sys::Result<sys::Frame> Loader::make_arguments(Objects& objects,
                                               runtime::Arguments const& arguments)
{
    auto const frame = TRY(objects.make<sys::Frame>(abi::ObjectType::x86_4k));
    TRY(own_.map(frame, layout::scratch_page, sys::Rights::read_write, sys::data_attributes));
    // The first page: none of these programs has more values than it holds.
    std::memcpy(reinterpret_cast<void*>(layout::scratch_page), &arguments, page_size);
    TRY(frame.unmap());
    return frame;
}

/// Fills the program's CSpace, one slot for each grant, and tells the program which is which.
sys::Result<void> Loader::grant(Program& program, AddressSpace& space, sys::CNode cspace,
                                runtime::Arguments& arguments)
{
    constexpr auto may_call = sys::Rights::write | sys::Rights::grant_reply;
    u64 index = 1; // slot 0 stays empty: 0 means "no capability"
    u64 ring_address = layout::program_rings;
    for (Grant const& it : program.definition->grants) {
        sys::Slot const to = cspace.slot(index, cspace_bits);
        sys::Slot const from = own_slot(shared_.slot(it.object));
        u64 value = index++;
        switch (it.power) {
        case Power::wait:
            TRY(to.copy_from(from, sys::Rights::read));
            break;
        case Power::signal:
            TRY(to.mint_from(from, it.value, sys::Rights::write));
            break;
        case Power::call:
            TRY(to.mint_from(from, it.value, may_call));
            break;
        case Power::use:
            TRY(to.copy_from(from));
            break;
        case Power::call_root:
            TRY(to.mint_from(own_slot(shared_.root_endpoint().address()),
                             static_cast<u64>(program.definition->id), may_call));
            break;
        case Power::reply: {
            auto const reply = TRY(program.objects.make<sys::Reply>(abi::ObjectType::reply));
            TRY(to.move_from(own_slot(reply.address())));
            break;
        }
        case Power::map:
            TRY(grant_memory(program, space, it.object, ring_address));
            value = ring_address;
            ring_address += layout::ring_stride;
            break;
        case Power::number:
            value = it.value;
            break;
        }
        arguments.add(it.name, value);
    }
    return {};
}

/// Each mapping needs a capability of its own: copies, which we keep until the program ends.
sys::Result<void> Loader::grant_memory(Program& program, AddressSpace& space, Shared ring,
                                       u64 address)
{
    for (u64 page = 0; page < queue::ring_pages; ++page) {
        u64 const copy = TRY(program.objects.take_slots());
        TRY(own_slot(copy).copy_from(own_slot(shared_.ring_frame(ring, page))));
        TRY(space.map(sys::Frame{copy}, address + page * page_size, sys::Rights::read_write,
                      sys::data_attributes));
    }
    return {};
}

sys::Result<void> Loader::make_thread(Program& program, AddressSpace& space, sys::CNode cspace,
                                      sys::Frame ipc_buffer, u64 entry)
{
    using abi::ObjectType;
    Objects& objects = program.objects;
    Definition const& definition = *program.definition;
    auto const tcb = TRY(objects.make<sys::Tcb>(ObjectType::tcb));
    auto const context =
        TRY(objects.make<sys::SchedContext>(ObjectType::sched_context, context_bits));
    TRY(sched_control_.configure(context, definition.budget_us, definition.period_us));

    // The kernel sends the thread's faults to us, with a badge that no program can use.
    sys::Endpoint const faults{TRY(objects.take_slots())};
    TRY(own_slot(faults.address())
            .mint_from(own_slot(shared_.root_endpoint().address()),
                       fault_bit | static_cast<u64>(definition.id),
                       sys::Rights::write | sys::Rights::grant_reply));
    TRY(tcb.configure(cspace, cspace_guard, space.vspace(), layout::program_ipc_buffer,
                      ipc_buffer));
    // A maximum controlled priority of 0: it cannot raise anybody's priority, its own included.
    TRY(tcb.set_sched_params(sys::Tcb{abi::slot_init_thread_tcb}, 0, definition.priority, context,
                             faults));
    // Programs that do not run always are on probation: we hear when they use up their time.
    if (!definition.runs_always) TRY(tcb.set_timeout_endpoint(faults));

    abi::UserContext registers{};
    registers.rip = entry; // its stack it brings along: libs/runtime/crt0.S
    registers.rdi = layout::program_arguments;
    program.tcb = tcb;
    program.context = context;
    return tcb.write_registers(registers, true);
}

} // namespace root
