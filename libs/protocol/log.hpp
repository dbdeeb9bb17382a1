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
    std::atomic<u32> level; ///< written by the log server: 1 + the highest Level that is worth
                            ///< sending; 0 before it started: default_level
    char name[24];          ///< the writer's own name, zero terminated: for people, no proof
};
inline constexpr Level default_level = Level::info;

/// How the shell reads: the log server's own store, by Calls (protocol `logread`). Records are
/// numbered from 1; one that is gone already is skipped. program ~0: of any; level: none above it.
/// Blocks nobody: number 0 in the answer means that there is none from `from` on, and then the
/// client is signalled once when there is a new one of any kind. level in the answer: a Level, with
/// `continuation` set when the record goes on with the line before it. time_us is since boot.
struct Read {
    static constexpr bool idempotent = true;
    struct Args {
        u64 from, program, level;
    };
    struct Reply {
        u64 number, program, time_us, level, length;
        char name[24];
        char text[232];
    };
};
inline constexpr u64 continuation = 0x100;
/// Sets the highest level kept of a program (~0: all). For clients with the right `monitor`, since
/// it silences others. Errors: missing_rights, bad_argument (no such level or program).
struct Filter {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program, level;
    };
    struct Reply {};
};
using LogRead = rpc::Protocol<1, Read, Filter>;

} // namespace log_protocol
