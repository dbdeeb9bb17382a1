#include "ipc/transfer.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "cap/derive.hpp"
#include "ipc/fault.hpp"

namespace mk {

u64& message_register(Context& context, unsigned n)
{
    switch (n) {
    case 0:
        return context.r10;
    case 1:
        return context.r8;
    case 2:
        return context.r9;
    default:
        return context.r15;
    }
}

bool put_word(Tcb& tcb, abi::IpcBuffer* buffer, unsigned n, u64 word)
{
    if (n < message_registers)
        message_register(tcb.context, n) = word;
    else if (buffer != nullptr && n < abi::msg_max_length)
        buffer->msg[n] = word;
    else
        return false;
    return true;
}

void reply_with_word(Tcb& tcb, u64 word)
{
    set_badge(tcb, 0);
    message_register(tcb.context, 0) = word;
    set_message_info(tcb, abi::MessageInfo{0, 0, 0, 1});
}

Result<ExtraCaps, MissingCap> find_extra_caps(Tcb const& sender, abi::MessageInfo info)
{
    ExtraCaps extra;
    abi::IpcBuffer const* const buffer = ipc_buffer(sender, false);
    if (buffer == nullptr) return extra;
    for (unsigned i = 0; i < info.extra_caps(); ++i) {
        CPtr const address = buffer->caps_or_badges[i];
        auto const slot = lookup_slot(sender.slot(Tcb::cspace).cap(), address);
        if (!slot) return MissingCap{address, slot.error()};
        extra.slot[i] = *slot;
        extra.count = i + 1;
    }
    return extra;
}

namespace {

/// Where the receiver wants a capability; null when it names no empty slot.
Slot* receive_slot(Tcb const& receiver, abi::IpcBuffer const* buffer)
{
    if (buffer == nullptr) return nullptr;
    auto const root = lookup_cap(receiver.slot(Tcb::cspace).cap(), buffer->receive_cnode);
    if (!root) return nullptr;
    auto const slot =
        empty_target_slot((*root)->cap(), buffer->receive_index, buffer->receive_depth);
    return slot ? *slot : nullptr;
}

/// Transfers capabilities until one cannot be. Answers the receiver's capability counts.
abi::MessageInfo transfer_caps(ExtraCaps const& extra, Endpoint const* endpoint, Tcb& receiver,
                               abi::IpcBuffer* buffer, abi::MessageInfo info)
{
    Slot* destination = extra.count > 0 ? receive_slot(receiver, buffer) : nullptr;
    u64 unwrapped = 0;
    unsigned done = 0;
    for (; buffer != nullptr && done < extra.count; ++done) {
        Slot& source = *extra.slot[done];
        Cap const& cap = source.cap();
        if (cap.is(CapType::endpoint) && cap.object<Endpoint>() == endpoint) {
            buffer->caps_or_badges[done] = cap.badge();
            unwrapped |= bit(done);
            continue;
        }
        if (destination == nullptr) break;
        auto const derived = derive_cap(source);
        if (!derived || (*derived).is_null()) break;
        DerivationTree::insert_derived(source, *destination, *derived);
        destination = nullptr;
    }
    return abi::MessageInfo{info.label(), unwrapped, done, info.length()};
}

unsigned copy_words(Tcb const& sender, abi::IpcBuffer const* from, Tcb& receiver,
                    abi::IpcBuffer* to, unsigned length)
{
    copy_message_registers(sender.context, receiver.context, length);
    if (length <= message_registers) return length;
    if (from == nullptr || to == nullptr) return message_registers;
    for (unsigned n = message_registers; n < length; ++n) to->msg[n] = from->msg[n];
    return length;
}

} // namespace

void transfer_message(Cpu& cpu, Tcb& sender, Endpoint const* endpoint, u64 badge, bool grant,
                      Tcb& receiver)
{
    set_badge(receiver, badge);
    if (sender.fault.exists()) {
        unsigned const length = write_fault_message(cpu, sender, receiver);
        set_message_info(receiver, abi::MessageInfo{u64(sender.fault.kind), 0, 0, length});
        return;
    }
    abi::MessageInfo const info = message_info(sender);
    if (info.is_plain(message_registers)) { // nothing in it needs a buffer
        copy_message_registers(sender.context, receiver.context, unsigned(info.raw_length()));
        set_message_info(receiver, info.without_caps());
        return;
    }
    ExtraCaps extra;
    if (grant)
        if (auto const found = lookup_extra_caps(sender, info)) extra = *found;
    abi::IpcBuffer* const to = ipc_buffer(receiver, true);
    unsigned const length =
        copy_words(sender, ipc_buffer(sender, false), receiver, to, unsigned(info.length()));
    abi::MessageInfo const sent = transfer_caps(extra, endpoint, receiver, to, info);
    set_message_info(
        receiver, abi::MessageInfo{sent.label(), sent.caps_unwrapped(), sent.extra_caps(), length});
}

} // namespace mk
