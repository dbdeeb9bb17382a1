// Uploading of programs, as the shell switches it: on for one upload, off, what was uploaded.
// Served by servers/upload.
#pragma once

#include "protocol/net.hpp"
#include "rpc/rpc.hpp"

namespace uploads {

inline constexpr usize token_text = 32; ///< digits of a token: 128 bits
inline constexpr usize name_bytes = 16, outcome_bytes = 96;

/// Takes one upload from now on for `seconds`, with this token, until it is used, or wrong ones
/// come five times. A token of before is worth nothing any more. Errors: interrupted (no random
/// bytes yet); absent (nobody tells the time).
struct On {
    static constexpr bool idempotent = false;
    struct Args {};
    struct Reply {
        u64 seconds, port;
        char token[token_text];
    };
};
/// Takes no more; programs go on.
struct Off {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {};
};
/// Ends an uploaded program for good, by its name. Error: not_found.
struct Stop {
    static constexpr bool idempotent = true;
    struct Args {
        char name[name_bytes];
    };
    struct Reply {};
};
/// A line of the ledger, newest first, `index` from 0. Error: not_found behind the oldest.
struct Entry {
    static constexpr bool idempotent = true;
    struct Args {
        u64 index;
    };
    struct Reply {
        u64 wall_ns;       ///< since 1970-01-01 UTC, when the last of them ended
        u64 count;         ///< how many alike came one after the other
        net::Address peer; ///< who sent it
        u64 port;
        u64 status;            ///< of HTTP: 201, it was started
        u64 bytes;             ///< of the program
        char name[name_bytes]; ///< as the request said it
        u8 sha256[32];         ///< of the program; zero: it was not received
        char outcome[outcome_bytes];
    };
};
using Uploads = rpc::Protocol<1, On, Off, Stop, Entry>;

} // namespace uploads
