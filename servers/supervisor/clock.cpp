// See clock.hpp.
#include "clock.hpp"

#include "abi/event_ring.hpp"
#include "abi/object_type.hpp"
#include "protocol/memory.hpp"
#include "rpc/capability_channel.hpp"
#include "rpc/serve.hpp"
#include "sys/debug.hpp"

// The whole program: no stack, no memory. Slot 1 of its CNode is the notification.
extern "C" u8 const supervisor_clock[];
asm(R"(
    .pushsection .text.supervisor_clock, "ax", @progbits
    .balign 64
    .globl supervisor_clock
supervisor_clock:
    mov $-5, %rdx       # Send
    mov $1, %edi
    xor %esi, %esi
    syscall
    mov $-11, %rdx      # Yield
    syscall
    jmp supervisor_clock
    .popsection
)");

namespace supervisor {

namespace {

static_assert(static_cast<u64>(abi::Syscall::send) == static_cast<u64>(-5));
static_assert(static_cast<u64>(abi::Syscall::yield) == static_cast<u64>(-11));

constexpr u64 cnode_bits = 1, context_bits = abi::min_sched_context_bits;
constexpr u64 page_bytes = u64{1} << abi::page_bits;
constexpr u64 budget_us = 1000;

Result<void> kernel(sys::Result<void> const& result)
{
    if (!result) return Error::bad_argument;
    return {};
}

/// A space with the page of our code in which the loop lies. Its VSpace goes to `vspace`.
Result<void> make_space(handover::Supervision const& given, sys::Slot vspace,
                        spawn::Image const& image)
{
    sys::Endpoint const memory{given.memory_manager};
    rpc::CapabilityChannel channel{memory, {}, vspace};
    constexpr u64 quota_pages = 8, resident = 1; // page tables; it may never fault
    auto const space =
        TRY((rpc::call<memory::Memory, memory::CreateSpace>(channel, {quota_pages, resident})));
    if (!channel.taken()) return Error::invalid_cap;
    u64 const page = reinterpret_cast<u64>(supervisor_clock) & ~(page_bytes - 1);
    for (spawn::Segment const& it : image.segments()) {
        if (page < it.address || page - it.address >= it.file_bytes) continue;
        TRY((rpc::call<memory::Memory, memory::MapArchive>(
            rpc::Channel{memory}, {space.space, page, page_bytes, it.offset + (page - it.address),
                                   page_bytes, memory::access_read | memory::access_execute})));
        return {};
    }
    return Error::not_found;
}

} // namespace

Result<u64> start_clock(handover::Supervision const& given, Slots& slots, spawn::Image const& image,
                        u8 priority, u32 self)
{
    using abi::ObjectType;
    sys::CNode const own = slots.cnode();
    u64 const first = TRY(slots.take(5));
    sys::VSpace const vspace{first};
    sys::Tcb const tcb{first + 1};
    sys::SchedContext const context{first + 2};
    sys::CNode const cnode{first + 3};
    sys::Untyped const objects{first + 4};
    rpc::CapabilityChannel channel{sys::Endpoint{given.memory_manager}, {}, slots.slot(objects)};
    auto const memory =
        TRY((rpc::call<memory::Memory, memory::TakeUntyped>(channel, {abi::page_bits})));
    if (!channel.taken()) return Error::invalid_cap;
    TRY(make_space(given, slots.slot(vspace), image));
    // The thread first, so that it lies where the memory does.
    TRY(kernel(objects.retype(ObjectType::tcb, 0, slots.slot(tcb))));
    TRY(kernel(objects.retype(ObjectType::sched_context, context_bits, slots.slot(context))));
    TRY(kernel(objects.retype(ObjectType::cnode, cnode_bits, slots.slot(cnode))));
    TRY(kernel(cnode.slot(1, cnode_bits)
                   .mint_from(own.slot(given.notification), rpc::signal_bit | handover::clock_event,
                              sys::Rights::write)));
    TRY(kernel(
        sys::SchedControl{given.sched_control}.configure(context, budget_us, clock_period_us)));
    TRY(kernel(tcb.set_space({}, cnode, sys::guard_word(0, abi::word_bits - cnode_bits), vspace)));
    // There is nothing it could do wrong; if it does, root tells of it like of us.
    sys::Endpoint const faults{slots.scratch()};
    TRY(kernel(slots.slot(faults).mint_from(own.slot(given.root_endpoint), memory::fault_bit | self,
                                            sys::Rights::write | sys::Rights::grant_reply)));
    auto const made = tcb.set_sched_params(sys::Tcb{given.own_tcb}, 0, priority, context, faults);
    TRY(kernel(slots.slot(faults).remove()));
    TRY(kernel(made));
    if constexpr (!HYPERCORE_RELEASE) sys::debug::name_thread(tcb, "supervisor's clock");
    abi::UserContext registers{};
    registers.rip = reinterpret_cast<u64>(supervisor_clock);
    TRY(kernel(tcb.write_registers(registers, true)));
    return abi::event_object_id(memory.physical);
}

} // namespace supervisor
