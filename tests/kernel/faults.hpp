// A thread that runs one piece of code and faults, and the message that comes of it. The code is an
// assembly block between two labels; the fault's address can be compared with them.
#pragma once

#include "thread.hpp"

namespace kt {

/// A fault message with all its words.
struct Fault {
    Word label = 0, length = 0, badge = 0;
    Word words[20]{};
};

/// Runs `entry(argument)` in a helper with a fault handler.
struct Faulter {
    Slot ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Thread* thread = nullptr;

    Fault run(Entry entry, Word argument = 0, ThreadConfig config = {})
    {
        config.fault_ep = ep;
        thread = &make_thread(config);
        thread->start(entry, argument);
        return next();
    }
    /// The fault that waits, or label 0.
    Fault next() const
    {
        Operation const got = now(nb_recv(ep, reply));
        Fault fault{got.label(), got.length(), got.badge, {}};
        for (Word i = 0; i < fault.length && i < 20; ++i)
            fault.words[i] = i < 4 ? got.out[i] : seL4_GetMR(static_cast<int>(i));
        return fault;
    }
    void answer(Word label = 0) const { now(send(reply, message(label, 0))); }
    /// Answers with the first words of the fault, changed or not.
    void answer(Fault const& fault, Word length, Word label = 0) const
    {
        for (Word i = 4; i < length; ++i) seL4_SetMR(static_cast<int>(i), fault.words[i]);
        now(send(reply, message(label, length),
                 {fault.words[0], fault.words[1], fault.words[2], fault.words[3]}));
    }
};

} // namespace kt
