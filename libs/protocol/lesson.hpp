// How the programs of the lesson talk to the root server. Calls go up only: a program Calls the
// root, which answers at once, always. The other way go signals, which block nobody, so no program
// can make the root wait. Who may make which call: servers/lesson/root/services.cpp.
#pragma once

#include "rpc/rpc.hpp"

namespace lesson {

inline constexpr usize max_line = 80; ///< characters of a command line

/// `echo` hands over a line that was typed. Error: bad_argument (length), missing_rights.
/// When the command is done `echo` gets prompt_event; it takes no further line before that.
struct Line {
    struct Args {
        u64 length;
        char text[max_line];
    };
    struct Reply {};
};
/// `echo` says that everything printed so far has left the machine (answer to flush_event).
struct Flushed {
    struct Args {};
    struct Reply {};
};
/// `ping` asks how many rounds it has been ordered to make (after order_event).
struct NextOrder {
    struct Args {};
    struct Reply {
        u64 rounds;
    };
};
/// `ping` reports. Times are TSC ticks for one round trip; beats are rounds made for the clock.
struct OrderDone {
    struct Args {
        u64 rounds, least, total, most, beats;
    };
    struct Reply {};
};
using Supervisor = rpc::Protocol<1, Line, Flushed, NextOrder, OrderDone>;

/// Bits of the notification of `echo`.
inline constexpr u64 uart_event = 1;   ///< characters arrived, or all were sent
inline constexpr u64 text_event = 2;   ///< the root has text to print
inline constexpr u64 prompt_event = 4; ///< the command is done: go on with the next line
inline constexpr u64 flush_event = 8;  ///< say Flushed when everything is printed

/// Bits of the notification of `ping`.
inline constexpr u64 clock_event = 1; ///< the clock ticked: one round
inline constexpr u64 order_event = 2; ///< the root has an order

/// What `crasher` is started for (its argument "misdeed").
enum class Misdeed : u64 { wild = 1, privileged, loop, stack, flood };

} // namespace lesson
