// Log records: every program has a ring of its own with the log server, which lives on when the
// program does not. A program never waits for the logger: a full ring loses the newest lines, and
// the next line says how many.
#pragma once

#include "queue/ring.hpp"
#include "rpc/rpc.hpp"

namespace log_protocol {

enum class Level : u8 { error = 0, warning = 1, info = 2, debug = 3 };
inline constexpr usize text_bytes = 104;

struct Record {
    u64 tsc;    ///< when, by the writer
    u16 length; ///< of text; longer lines continue in the next record with `continued`
    u8 level, continued;
    u32 lost;              ///< lines lost before this one
    char text[text_bytes]; ///< UTF-8, no newline
};
static_assert(sizeof(Record) == 120);
struct Shared {
    queue::Ring<Record, 128> records;
    std::atomic<u32> level; ///< written by the log server: least level that is worth sending
};

/// How the shell reads: the log server's own store, by Calls (protocol `logread`). Records are
/// numbered from 1; one that is gone already is skipped. program ~0: of any. Blocks nobody: number
/// 0 in the answer means that there is none from `from` on.
struct Read {
    static constexpr bool idempotent = true;
    struct Args {
        u64 from, program, level;
    };
    struct Reply {
        u64 number, program, time_us, level, length;
        char text[232];
    };
};
/// Sets the least level kept of a program (~0: all).
struct Filter {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program, level;
    };
    struct Reply {};
};
using LogRead = rpc::Protocol<1, Read, Filter>;

} // namespace log_protocol
