// Who uploaded what, and how it ended: the last lines, in memory that outlives the server. That
// memory may hold anything after a fault of ours, so every number of it is checked where it is
// used.
#pragma once

#include "protocol/uploads.hpp"
#include <algorithm>
#include <cstring>

namespace upload_server {

using Line = uploads::Entry::Reply;

/// All zero at first.
struct Kept {
    static constexpr u32 lines = 64, max_slots = 8;
    u32 next, count;
    char slot_name[max_slots][uploads::name_bytes]; ///< which program is in which slot
    Line line[lines];
};
static_assert(sizeof(Kept) <= 16 << 10);

class Ledger {
    Kept& kept_;

public:
    explicit Ledger(Kept& kept) : kept_{kept}
    {
        if (kept_.next >= Kept::lines || kept_.count > Kept::lines) kept_ = {};
    }

    /// Adds a line; the same thing from the same place as the last one only counts, so that nobody
    /// who cannot upload pushes out who did.
    void add(Line const& line)
    {
        if (Line* const last = kept_.count > 0 ? &at(0) : nullptr) {
            bool const same = last->peer == line.peer && last->status == line.status &&
                              line.status != 201 &&
                              std::memcmp(last->outcome, line.outcome, sizeof line.outcome) == 0;
            if (same) {
                ++last->count;
                last->wall_ns = line.wall_ns;
                return;
            }
        }
        kept_.line[kept_.next] = line;
        kept_.line[kept_.next].count = 1;
        kept_.next = (kept_.next + 1) % Kept::lines;
        kept_.count = std::min(kept_.count + 1, Kept::lines);
    }
    /// The line `index` before the newest. @error not_found
    Result<Line> find(u64 index)
    {
        if (index >= kept_.count) return Error::not_found;
        return at(static_cast<u32>(index));
    }

private:
    Line& at(u32 index) { return kept_.line[(kept_.next + Kept::lines - 1 - index) % Kept::lines]; }
};

} // namespace upload_server
