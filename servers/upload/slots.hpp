// The slots for uploaded programs (servers/guest): which program is in which, starting and ending
// them through the supervisor.
#pragma once

#include "program/program.hpp"
#include "protocol/upload.hpp"
#include "servers/upload/ledger.hpp"
#include "servers/upload/manifest.hpp"
#include <span>

namespace upload_server {

class Slots {
public:
    Slots(program::Program const& self, Kept& kept);

    /// The slot for a program of this name: the one it is in, or the first in which nothing runs.
    /// @error busy  all are taken
    Result<u32> choose(std::string_view name) const;
    /// Puts a program into slot `n` and starts it; what ran there is ended first.
    Result<void> start(u32 n, Manifest const& manifest, std::span<u8 const> file);
    /// Ends the program of this name. @error not_found
    Result<void> stop(std::string_view name);

private:
    std::string_view name(u32 n) const;
    bool is_in_use(u32 n) const;
    template <class C> Result<void> ask(typename C::Args const& args) const;

    program::Program const& self_;
    Kept& kept_;
    program::Use guests_;
    program::ClientEdge edge_[Kept::max_slots];
    u32 count_;
};

} // namespace upload_server
