// See spawn.hpp. The order: address space, kernel objects, capabilities, thread, arguments.
#include "spawn/spawn.hpp"

#include "abi/event_ring.hpp"
#include "kit/bits.hpp"
#include "program/layout.hpp"
#include "protocol/device.hpp"
#include "protocol/memory.hpp"
#include "rpc/capability_channel.hpp"
#include "sys/debug.hpp"
#include <algorithm>
#include <cstddef>
#include <cstring>

namespace spawn {

namespace {

namespace layout = program::layout;
using abi::ObjectType;
using composition::Grant;
using composition::GrantKind;
using composition::Kind;

/// Bytes of a scheduling context, log2: room for 8 extra refills, so that a program that sleeps
/// often does not lose budget.
constexpr u8 context_bits = 8;
constexpr auto may_call = sys::Rights::write | sys::Rights::grant_reply;
constexpr u64 read_write = memory::access_read | memory::access_write;

template <class T> Result<T> during(char const* step, sys::Result<T> const& result)
{
    if (!result) return Failure{step, Error::ok, result.error().code};
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return *result;
}

template <class T> Result<T> during(char const* step, ::Result<T> const& result)
{
    if (!result) return Failure{step, result.error(), abi::ErrorCode::no_error};
    return *result;
}

template <class C>
Result<typename C::Reply> ask(char const* step, sys::Endpoint memory,
                              typename C::Args const& arguments)
{
    return during(step, rpc::call<memory::Memory, C>(rpc::Channel{memory}, arguments));
}

/// The same for an answer with a capability, which goes to `take`.
template <class C>
Result<typename C::Reply> ask(char const* step, sys::Endpoint memory,
                              typename C::Args const& arguments, sys::Slot take)
{
    rpc::CapabilityChannel channel{memory, {}, take};
    auto const answer = TRY(during(step, rpc::call<memory::Memory, C>(channel, arguments)));
    if (!channel.taken()) return Failure{step, Error::invalid_cap, abi::ErrorCode::no_error};
    return answer;
}

} // namespace

u64 Process::thread(composition::Program const& program) const
{
    // make_objects() makes the CNode first, then the TCB.
    u64 const cnode_bytes = bit(program.cnode_bits + abi::slot_bits);
    return abi::event_object_id(physical_ + align_up(cnode_bytes, abi::tcb_bits));
}

void Maker::begin(Process& process, u32 index)
{
    process.program_ = index;
    uses_ = nullptr;
    replies_given_ = 0;
    arguments_.magic = runtime::arguments_magic;
    arguments_.value_count = 0;
    arguments_.ipc_buffer = layout::ipc_buffer;
    std::memcpy(arguments_.program, system_->program(index).name, composition::name_bytes);
}

Result<void> Maker::make(Process& process, u32 index, Image const& image, Uses const* uses)
{
    composition::Program const& program = system_->program(index);
    begin(process, index);
    uses_ = uses;
    auto const made = [&]() -> Result<void> {
        TRY(make_space(process, program, image));
        TRY(take_untyped(process, program));
        return make_objects(process, program, image.entry);
    }();
    if (!made) end(process);
    return made;
}

Result<void> Maker::make_inside(Process& process, u32 index, u64 entry, u64 physical)
{
    begin(process, index);
    process.physical_ = physical;
    return make_objects(process, system_->program(index), entry);
}

Result<void> Maker::make_space(Process& process, composition::Program const& program,
                               Image const& image)
{
    bool const resident = (program.flags & composition::flag_resident) != 0;
    auto const made =
        TRY(ask<memory::CreateSpace>("its address space", own_.memory,
                                     {program.quota_pages, u64{resident}}, slot(process.vspace())));
    process.space_ = made.space;
    for (Segment const& it : image.segments()) {
        if (it.file_bytes == 0)
            TRY(ask<memory::MapAnonymous>("its zeroed memory", own_.memory,
                                          {process.space_, it.address, it.bytes, it.access}));
        else
            TRY(ask<memory::MapArchive>(
                "its image", own_.memory,
                {process.space_, it.address, it.bytes, it.offset, it.file_bytes, it.access}));
    }
    TRY(ask<memory::MapAnonymous>("its IPC buffer", own_.memory,
                                  {process.space_, layout::ipc_buffer, 4096, read_write}));
    TRY(ask<memory::TakeFrame>("its IPC buffer's frame", own_.memory,
                               {process.space_, layout::ipc_buffer, read_write},
                               slot(process.buffer())));
    return {};
}

Result<void> Maker::take_untyped(Process& process, composition::Program const& program)
{
    if (process.untyped_ != 0) return {};
    auto const taken = TRY(ask<memory::TakeUntyped>(
        "memory for its objects", own_.memory, {program.objects_bits}, slot(process.untyped())));
    process.untyped_ = taken.untyped;
    process.physical_ = taken.physical;
    return {};
}

Result<void> Maker::make_objects(Process& process, composition::Program const& program, u64 entry)
{
    // The largest first: everything lies aligned then, without gaps.
    auto const make = [&](ObjectType type, u8 bits, sys::Cap to, u64 count) {
        return during("its kernel objects", process.untyped().retype(type, bits, slot(to), count));
    };
    TRY(make(ObjectType::cnode, program.cnode_bits, process.cnode(), 1));
    TRY(make(ObjectType::tcb, 0, process.tcb(), 1));
    TRY(make(ObjectType::sched_context, context_bits, process.context(), 1));
    if (program.reply_count > 0)
        TRY(make(ObjectType::reply, 0, process.reply(0), program.reply_count));
    auto const grants = system_->grants(program);
    for (Grant const& it : grants)
        if (!uses_ || !uses_->leave_out(grants, it)) TRY(grant(process, program, it));
    return make_thread(process, program, entry);
}

/// One grant: the capability into the program's slot or the mapping into its space, and its value
/// into the arguments.
Result<void> Maker::grant(Process& process, composition::Program const& program, Grant const& it)
{
    u64 value = it.slot;
    switch (it.kind) {
    case GrantKind::shared:
    case GrantKind::shared_read:
    case GrantKind::pool: {
        bool const readable = it.kind == GrantKind::shared_read;
        if (!objects_.empty())
            TRY(ask<memory::MapObject>("memory it shares", own_.memory,
                                       {process.space_, objects_[it.object].object, it.address,
                                        readable ? memory::access_read : read_write}));
        value = it.address;
        break;
    }
    case GrantKind::pool_dma:
        value = objects_[it.object].physical;
        break;
    case GrantKind::number:
        value = it.value;
        break;
    default:
        TRY(during(it.name, grant_capability(process, program, it)));
    }
    bool added = arguments_.add(it.name, value);
    if (it.bytes != 0) added = added && add_size(it.name, it.bytes);
    if (!added) return Failure{"its arguments", Error::out_of_range, abi::ErrorCode::no_error};
    return {};
}

sys::Result<void> Maker::grant_capability(Process& process, composition::Program const& program,
                                          Grant const& it)
{
    sys::Slot const to = process.cnode().slot(it.slot, program.cnode_bits);
    Peer const self = peers_[process.program_];
    bool const trusted = program.kind == Kind::trusted;
    auto const mint = [&](u64 from, u64 badge, sys::Rights rights) {
        return to.mint_from(own_.cnode.slot(from), badge, rights);
    };
    // Only the trusted base may put capabilities into its calls.
    auto const call = trusted ? may_call | sys::Rights::grant : may_call;
    switch (it.kind) {
    case GrantKind::serve:
        return to.copy_from(own_.cnode.slot(self.endpoint), sys::Rights::read);
    case GrantKind::wake:
        return to.copy_from(own_.cnode.slot(self.notification), sys::Rights::read);
    case GrantKind::reply:
        return to.copy_from(slot(process.reply(replies_given_++)));
    case GrantKind::call:
        return mint(peers_[it.peer].endpoint, it.value, call);
    case GrantKind::signal:
        // Root makes the trusted base before there is anybody below: the supervisor adds these.
        if (peers_[it.peer].notification == 0) return {};
        return mint(peers_[it.peer].notification, it.value, sys::Rights::write);
    case GrantKind::own_signal:
        return mint(self.notification, it.value, sys::Rights::write);
    case GrantKind::memory: {
        u64 badge = process.space_;
        if (program.flags & (composition::flag_monitor | composition::flag_observer))
            badge |= memory::monitor_bit;
        if (program.flags & composition::flag_injector) badge |= memory::injector_bit;
        if (program.flags & composition::flag_loader) badge |= memory::loader_bit;
        return mint(peers_[system_->header().memory_manager].endpoint,
                    trusted ? memory::manager : badge, call);
    }
    case GrantKind::device:
        return mint(peers_[system_->header().device_manager].endpoint,
                    trusted ? device::manager : process.program_, call);
    default: // GrantKind::monitor: the reader has refused everything else
        return mint(peers_[system_->header().supervisor].endpoint, process.program_, call);
    }
}

/// The argument NAME.size.
bool Maker::add_size(char const* name, u64 bytes)
{
    constexpr char suffix[] = ".size";
    char text[composition::name_bytes + sizeof suffix] = {};
    usize const length = std::strlen(name);
    std::memcpy(text, name, length);
    std::memcpy(text + length, suffix, sizeof suffix);
    return arguments_.add(text, bytes);
}

Result<void> Maker::make_thread(Process& process, composition::Program const& program, u64 entry)
{
    auto const done = [](sys::Result<void> const& result) { return during("its thread", result); };
    composition::Header const& header = system_->header();
    sys::SchedContext const context = process.context();
    TRY(done(own_.sched_control.configure(context, program.budget_us, program.period_us,
                                          abi::max_extra_refills(context_bits))));
    if (program.flags & composition::flag_feedback)
        TRY(done(own_.sched_control.configure_feedback(context, true)));

    // The memory-manager serves page faults and keeps the rest for the supervisor. All memory of
    // the trusted base is resident: what goes wrong there is root's to tell.
    bool const trusted = program.kind == Kind::trusted;
    u64 const faults = peers_[trusted ? header.root : header.memory_manager].endpoint;
    u64 const badge = memory::fault_bit | (trusted ? u64{process.program_} : process.space_);
    sys::Slot const scratch = own_.cnode.slot(own_.scratch);
    TRY(done(scratch.mint_from(own_.cnode.slot(faults), badge, may_call)));
    u64 const guard = sys::guard_word(0, abi::word_bits - program.cnode_bits);
    auto const configured = [&]() -> sys::Result<void> {
        TRY(process.tcb().configure(process.cnode(), guard, process.vspace(), layout::ipc_buffer,
                                    process.buffer()));
        // A maximum controlled priority of 0: it cannot raise anybody's priority, nor its own.
        return process.tcb().set_sched_params(own_.tcb, 0, program.priority, context,
                                              sys::Endpoint{own_.scratch});
    }();
    TRY(done(scratch.remove()));
    TRY(done(configured));
    if (auto const wake = peers_[process.program_].notification)
        TRY(done(process.tcb().bind_notification(sys::Notification{wake})));
    // For the kernel's dumps and for gdb. (A release kernel has no such call.)
    if constexpr (!HYPERCORE_RELEASE) sys::debug::name_thread(process.tcb(), program.name);
    abi::UserContext registers{};
    registers.rip = entry; // its stack it brings along: libs/runtime/crt0.S
    registers.rdi = layout::arguments;
    return done(process.tcb().write_registers(registers, false));
}

Result<void> Maker::start(Process& process)
{
    usize const bytes =
        offsetof(runtime::Arguments, values) + arguments_.value_count * sizeof(runtime::NamedValue);
    auto const started = [&]() -> Result<void> {
        TRY(fill(process, layout::arguments, {reinterpret_cast<u8 const*>(&arguments_), bytes}));
        return during("its thread", process.tcb().resume());
    }();
    if (!started) end(process);
    return started;
}

Result<void> Maker::fill(Process const& process, u64 address, std::span<u8 const> bytes)
{
    for (usize at = 0; at < bytes.size(); at += memory::max_fill) {
        auto const part = bytes.subspan(at, std::min<usize>(bytes.size() - at, memory::max_fill));
        memory::Fill::Args args;
        args.space = process.space_;
        args.address = address + at;
        args.bytes = part.size();
        std::memcpy(args.data, part.data(), part.size());
        std::memset(args.data + part.size(), 0, memory::max_fill - part.size());
        TRY(ask<memory::Fill>("its arguments", own_.memory, args));
    }
    return {};
}

void Maker::end(Process& process)
{
    // The thread, its CNode and with it every capability it had.
    if (process.untyped_ != 0) (void)slot(process.untyped()).revoke();
    if (process.space_ == 0) return;
    (void)slot(process.buffer()).remove();
    (void)slot(process.vspace()).remove();
    (void)ask<memory::DestroySpace>("", own_.memory, {process.space_});
    process.space_ = 0;
}

void Maker::release(Process& process)
{
    if (process.untyped_ == 0) return;
    (void)slot(process.untyped()).remove();
    (void)ask<memory::ReturnUntyped>("", own_.memory, {process.untyped_});
    process.untyped_ = 0;
}

} // namespace spawn
