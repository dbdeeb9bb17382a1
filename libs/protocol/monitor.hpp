// The supervisor's protocol for those whose manifest has the right `monitor` (the shell): look at
// programs, end them, start them; and for those with the right `observer`, who may only look. A
// badge is the caller's program index.
#pragma once

#include "program/system_page.hpp"
#include "rpc/rpc.hpp"
#include "symbols/symbols.hpp"

namespace monitor {

inline constexpr usize name_bytes = composition::name_bytes;

/// One program, by index. state: program::State. level: of its scheduling context in the feedback
/// class; 0 outside it. space: at the memory-manager, 0 or ~0: none. recovery_us:
/// from its last fault to `ready` of its successor; recoveries: how many there were, with the
/// shortest, the longest and their sum. fixed_bytes: memory besides what its space's
/// account has. Error: not_found.
struct ProgramInfo {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program;
    };
    struct Reply {
        char name[name_bytes], file[name_bytes];
        u64 kind, state, priority, level, epoch, restarts, cpu_us, space, recovery_us, flags;
        u64 fixed_bytes;
        u64 recoveries, least_recovery_us, most_recovery_us, sum_recovery_us;
    };
};
/// The index of a program. Error: not_found.
struct Find {
    static constexpr bool idempotent = true;
    struct Args {
        char name[name_bytes];
    };
    struct Reply {
        u64 program;
    };
};
/// One thing that program holds, in the order of its slots: kind is a GrantKind, or 0x100 +
/// NeedKind. peer: program index or ~0. Error: not_found behind the last.
struct Holding {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program, index;
    };
    struct Reply {
        char name[name_bytes];
        u64 kind, slot, peer, value, address, bytes;
    };
};
/// Ends it as a fault would; restart rules apply. Errors: missing_rights (trusted base), not_found
/// (does not run). fault_tsc: when, the moment of which the crash record tells the
/// microseconds.
struct Kill {
    static constexpr bool idempotent = false;
    struct Args {
        u64 program;
    };
    struct Reply {
        u64 fault_tsc;
    };
};
/// Ends it if it runs and starts it, also when it had stopped for good. Errors as Kill.
struct Restart {
    static constexpr bool idempotent = false;
    struct Args {
        u64 program;
    };
    struct Reply {};
};
/// Crash records, newest first, `index` from 0. reason: 1 fault, 2 hang, 3 exit, 4 killed. words:
/// the fault message; backtrace: return addresses, 0 ends. log: its last log lines. Error:
/// not_found.
struct CrashRecord {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program, index;
    }; ///< program ~0: of any
    struct Reply {
        u64 program, epoch, reason, time_us, recovery_us, label;
        u64 word[20], registers[20], backtrace[12];
        char log[400];
    };
};
/// The manifest's words of a program, `offset` bytes in. Empty at its end.
struct Manifest {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program, offset;
    };
    struct Reply {
        u64 length;
        char text[480];
    };
};
/// Kernel event ring: attaches (on 1) or detaches it, read-only at argument "events" of the caller.
/// Error: not_supported (release kernels).
struct Events {
    static constexpr bool idempotent = true;
    struct Args {
        u64 on;
    };
    struct Reply {
        u64 bytes;
    };
};
/// A thread's program by the number that events use (physical address of the TCB / 16). not_found.
struct ThreadName {
    static constexpr bool idempotent = true;
    struct Args {
        u64 thread;
    };
    struct Reply {
        u64 program;
    };
};
/// Starts a program whose description has no autostart (stress, tests). argument: its "parameter".
struct Start {
    static constexpr bool idempotent = false;
    struct Args {
        u64 program, parameter;
    };
    struct Reply {};
};
/// The function that an address of a program lies in, and how far behind its beginning. Error:
/// not_found, always in release images.
struct Symbol {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program, address;
    };
    struct Reply {
        char name[symbols::max_name + 1];
        u64 offset;
    };
};
/// The interrupts that a program's manifest names, in that order: need is a composition::NeedKind,
/// source its number (ISA line, or 0), served how often the program has served it, over all its
/// instances, by its own count. Error: not_found.
struct Interrupts {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program;
    };
    struct Line {
        char name[name_bytes];
        u64 need, source, served;
    };
    struct Reply {
        u64 count;
        Line line[program::max_interrupts];
    };
};
using Monitor = rpc::Protocol<1, ProgramInfo, Find, Holding, Kill, Restart, CrashRecord, Manifest,
                              Events, ThreadName, Start, Symbol, Interrupts>;

/// Whether the right `observer` is enough for the call of this label; the others need `monitor`.
constexpr bool only_looks(u64 label)
{
    return label == Monitor::label<ProgramInfo>() || label == Monitor::label<Find>() ||
           label == Monitor::label<Interrupts>();
}

} // namespace monitor
