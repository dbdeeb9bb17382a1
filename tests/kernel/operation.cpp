// System calls as values: see operation.hpp.
#include "operation.hpp"

namespace kt {

namespace {

Operation operation(seL4_Syscall_ID number, Slot cap, Word info, std::initializer_list<Word> words,
                    Slot reply = 0, Slot dest = 0)
{
    Operation result;
    result.number = number;
    result.cap = cap;
    result.info = info;
    result.reply = reply;
    result.dest = dest;
    usize at = 0;
    for (Word word : words)
        if (at < 4) result.mr[at++] = word;
    return result;
}

} // namespace

void perform(Operation& op)
{
    hypercore_registers io = {op.cap, op.info, op.mr[0], op.mr[1], op.mr[2], op.mr[3]};
    hypercore_syscall(op.number, &io, op.reply, op.dest);
    op.badge = io.cap_or_badge;
    op.out_info = io.info;
    op.out[0] = io.mr0;
    op.out[1] = io.mr1;
    op.out[2] = io.mr2;
    op.out[3] = io.mr3;
    op.done = true;
}

Operation now(Operation op)
{
    perform(op);
    return op;
}

Operation call(Slot ep, Word info, std::initializer_list<Word> words)
{
    return operation(seL4_SysCall, ep, info, words);
}
Operation send(Slot ep, Word info, std::initializer_list<Word> words)
{
    return operation(seL4_SysSend, ep, info, words);
}
Operation nb_send(Slot ep, Word info, std::initializer_list<Word> words)
{
    return operation(seL4_SysNBSend, ep, info, words);
}
Operation recv(Slot ep, Slot reply)
{
    return operation(seL4_SysRecv, ep, 0, {}, reply);
}
Operation nb_recv(Slot ep, Slot reply)
{
    return operation(seL4_SysNBRecv, ep, 0, {}, reply);
}
Operation wait(Slot source)
{
    return operation(seL4_SysWait, source, 0, {});
}
Operation nb_wait(Slot source)
{
    return operation(seL4_SysNBWait, source, 0, {});
}
Operation reply_recv(Slot ep, Slot reply, Word info, std::initializer_list<Word> words)
{
    return operation(seL4_SysReplyRecv, ep, info, words, reply);
}
Operation nb_send_recv(Slot dest, Slot source, Slot reply, Word info,
                       std::initializer_list<Word> words)
{
    return operation(seL4_SysNBSendRecv, source, info, words, reply, dest);
}
Operation nb_send_wait(Slot dest, Slot source, Word info, std::initializer_list<Word> words)
{
    // Without a reply object the send destination takes its register.
    return operation(seL4_SysNBSendWait, source, info, words, dest, 0);
}

Operation invoke(Slot cap, Word label, Word const* words, Word word_count, Slot const* caps,
                 Word cap_count)
{
    for (Word i = 0; i < cap_count && i < seL4_MsgMaxExtraCaps; ++i)
        seL4_SetCap(static_cast<int>(i), caps[i]);
    Operation op = operation(seL4_SysCall, cap, message(label, word_count, cap_count), {});
    for (Word i = 0; i < word_count && i < seL4_MsgMaxLength; ++i) {
        if (i < 4)
            op.mr[i] = words[i];
        else
            seL4_SetMR(static_cast<int>(i), words[i]);
    }
    perform(op);
    return op;
}

Operation invoke(Slot cap, Word label, std::initializer_list<Word> words,
                 std::initializer_list<Slot> caps)
{
    return invoke(cap, label, words.begin(), words.size(), caps.begin(), caps.size());
}

} // namespace kt
