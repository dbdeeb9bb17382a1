// See thread.hpp.
#include "thread.hpp"

#include "runtime/runtime.hpp"

namespace root {

namespace {

constexpr u64 ipc_buffer = 0x10'0000'1000; ///< its IPC buffer, of our address space
constexpr u64 slice_us = 5000;
constexpr u64 context_bits = 8;

alignas(16) u8 stack[32 * 1024];
alignas(64) u8 thread_local_storage[2048];

} // namespace

sys::Result<void> Thread::start(abi::BootInfo const& info, Objects& objects, AddressSpace& own,
                                sys::Endpoint endpoint, u64 badge, void (*entry)())
{
    using abi::ObjectType;
    sys::Tcb const first{abi::slot_init_thread_tcb};
    tcb_ = TRY(objects.make<sys::Tcb>(ObjectType::tcb));
    context_ = TRY(objects.make<sys::SchedContext>(ObjectType::sched_context, context_bits));
    faults_ = sys::Endpoint{TRY(objects.take_slots())};
    TRY(own_cnode.slot(faults_.address()).mint_from(own_cnode.slot(endpoint.address()), badge));
    auto const buffer = TRY(own.map_new(ipc_buffer, sys::Rights::read_write, sys::data_attributes));
    TRY(sys::SchedControl{info.sched_control.start}.configure(context_, slice_us, slice_us));
    TRY(tcb_.configure(own_cnode, 0, own.vspace(), ipc_buffer, buffer));
    TRY(tcb_.set_sched_params(first, 0, abi::max_priority, context_, faults_));
    abi::UserContext registers{};
    registers.rip = reinterpret_cast<u64>(entry);
    registers.rsp = reinterpret_cast<u64>(stack + sizeof stack) - 8; // as after a call
    registers.fs_base =
        runtime::tls_make(thread_local_storage, reinterpret_cast<seL4_IPCBuffer_*>(ipc_buffer));
    return tcb_.write_registers(registers, true);
}

void Thread::remove()
{
    for (sys::Cap const it : {sys::Cap{tcb_}, sys::Cap{context_}, sys::Cap{faults_}})
        (void)own_cnode.slot(it.address()).remove();
}

} // namespace root
