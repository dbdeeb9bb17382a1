// Moving a message from one thread to another, and a thread's view of its own message: registers
// first, then the IPC buffer, which the kernel reaches through the physical map.
// Source: seL4 manual, "Message Registers", "Capability Transfer".
#pragma once

#include "abi/ipc_buffer.hpp"
#include "abi/message_info.hpp"
#include "arch/arch.hpp"
#include "object/endpoint.hpp"
#include "object/tcb.hpp"

namespace mk {

inline constexpr unsigned message_registers = 4;

/// The register that carries message word n < 4.
u64& message_register(Context& context, unsigned n);
inline u64 message_register(Context const& context, unsigned n)
{
    return message_register(const_cast<Context&>(context), n);
}
inline abi::MessageInfo message_info(Tcb const& tcb)
{
    return abi::MessageInfo{tcb.context.rsi};
}
inline void set_message_info(Tcb& tcb, abi::MessageInfo info)
{
    tcb.context.rsi = info.word();
}
inline void set_badge(Tcb& tcb, u64 badge)
{
    tcb.context.rdi = badge;
}

/// Copies the words of a message that travel in registers.
inline void copy_message_registers(Context const& from, Context& to, unsigned length)
{
    if (length == 0) return;
    to.r10 = from.r10;
    if (length == 1) return;
    to.r8 = from.r8;
    if (length == 2) return;
    to.r9 = from.r9;
    if (length == 3) return;
    to.r15 = from.r15;
}

/// The thread's IPC buffer as the kernel sees it; null when it has none or may not use it so.
inline abi::IpcBuffer* ipc_buffer(Tcb const& tcb, bool for_writing)
{
    Cap const& cap = tcb.slot(Tcb::ipc_buffer).cap();
    Rights const need = for_writing ? Rights::read | Rights::write : Rights::read;
    if (!cap.is(CapType::frame, need) || cap.frame_is_device()) return nullptr;
    u64 const offset = tcb.ipc_buffer_address & low_mask(frame_bits(cap.frame_size()));
    return arch::from_physical<abi::IpcBuffer>(cap.address() + offset);
}
/// Writes message word n; answers whether it had a place.
bool put_word(Tcb& tcb, abi::IpcBuffer* buffer, unsigned n, u64 word);

/// The kernel's answer to an invocation: one word, no error.
void reply_with_word(Tcb& tcb, u64 word);

/// Extra capabilities named in the sender's buffer, as slots.
struct ExtraCaps {
    unsigned count = 0;
    Slot* slot[abi::msg_max_extra_caps];
};
/// Why extra capabilities cannot be had: the address that does not resolve.
struct MissingCap {
    CPtr address;
    LookupFailure why;
};
/// Looks up all that the message names.
Result<ExtraCaps, MissingCap> find_extra_caps(Tcb const& sender, abi::MessageInfo info);
/// The same; most messages name none.
inline Result<ExtraCaps, MissingCap> lookup_extra_caps(Tcb const& sender, abi::MessageInfo info)
{
    if (info.extra_caps() == 0) return ExtraCaps{};
    return find_extra_caps(sender, info);
}

/// Copies sender's message, and its capabilities if `grant`, to the receiver; a sender that stopped
/// for a fault sends the fault's message. `endpoint`: through which, for unwrapping (may be null).
void transfer_message(Cpu& cpu, Tcb& sender, Endpoint const* endpoint, u64 badge, bool grant,
                      Tcb& receiver);

} // namespace mk
