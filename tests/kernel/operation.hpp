// One system call as a value: what goes in, and what came out. Tests hand arrays of them to helper
// threads (thread.hpp), which run on a higher priority than the test: when the test goes on, the
// helper has finished them or is blocked, and `done` tells which. So no test waits for time to
// pass.
#pragma once

#include "print.hpp"

#include <initializer_list>

namespace kt {

using Slot = seL4_CPtr;

struct Operation {
    seL4_Syscall_ID number = seL4_SysYield;
    Slot cap = 0;
    Word info = 0;  ///< message info word
    Word mr[4]{};   ///< message registers 0 to 3
    Slot reply = 0; ///< r12
    Slot dest = 0;  ///< r13

    Word badge = 0; ///< what rdi held afterwards
    Word out_info = 0;
    Word out[4]{};
    bool volatile done = false;

    Word label() const { return out_info >> 12; }
    Word length() const { return out_info & 0x7f; }
    Word extra_caps() const { return out_info >> 7 & 3; }
    Word unwrapped() const { return out_info >> 9 & 7; }
};

/// A message info word.
constexpr Word message(Word label, Word length, Word extra_caps = 0)
{
    return label << 12 | extra_caps << 7 | length;
}

/// Makes the system call on the calling thread.
void perform(Operation& operation);

Operation call(Slot ep, Word info = 0, std::initializer_list<Word> words = {});
Operation send(Slot ep, Word info = 0, std::initializer_list<Word> words = {});
Operation nb_send(Slot ep, Word info = 0, std::initializer_list<Word> words = {});
Operation recv(Slot ep, Slot reply);
Operation nb_recv(Slot ep, Slot reply);
Operation wait(Slot source);
Operation nb_wait(Slot source);
Operation reply_recv(Slot ep, Slot reply, Word info = 0, std::initializer_list<Word> words = {});
Operation nb_send_recv(Slot dest, Slot source, Slot reply, Word info = 0,
                       std::initializer_list<Word> words = {});
Operation nb_send_wait(Slot dest, Slot source, Word info = 0,
                       std::initializer_list<Word> words = {});

/// The same, carried out at once by the calling thread.
Operation now(Operation operation);

/// Invokes method `label` with exactly these message registers and capabilities, however many the
/// method wants. label() of the result is the error.
Operation invoke(Slot cap, Word label, std::initializer_list<Word> words,
                 std::initializer_list<Slot> caps = {});
Operation invoke(Slot cap, Word label, Word const* words, Word word_count, Slot const* caps,
                 Word cap_count);

} // namespace kt
