// The manifest of an uploaded program: the few keys that say how little of its slot it wants. It
// can ask for nothing more; every other key is an error. TOML with tables, strings without escapes
// and arrays of them.
//
//     [program]
//     name  = "hello"
//     about = "Answers on port 8000"
//     kind  = "server"                 # may be left out
//     uses  = ["log?", "net"]          # of log, time, clock, entropy, net
//     [restart]
//     policy = "always"                # or "on_fault" or "never"
#pragma once

#include "composition/description.hpp"
#include "kit/result.hpp"
#include "text/format.hpp"

namespace upload_server {

struct Manifest {
    static constexpr usize max_uses = 5;
    std::string_view name; ///< of the text
    std::string_view uses[max_uses];
    usize use_count = 0;
    composition::Restart policy = composition::Restart::always;
};

/// Reads a manifest of at most 64 KiB. When it is refused, `why` says so with key and line.
bool read_manifest(std::string_view text, Manifest& out, text::Writer& why);

} // namespace upload_server
