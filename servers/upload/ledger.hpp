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
    u32 count, reserved;
    char slot_name[max_slots][uploads::name_bytes]; ///< which program is in which slot
    Line line[lines];                               ///< the oldest first
};
static_assert(sizeof(Kept) <= 16 << 10);

class Ledger {
    Kept& kept_;

public:
    /// Of the lines, at most so many are of requests that started nothing: nobody who cannot upload
    /// pushes out who did.
    static constexpr u32 max_refused = 32, max_started = Kept::lines - max_refused;

    explicit Ledger(Kept& kept) : kept_{kept}
    {
        if (kept_.count > Kept::lines) kept_ = {};
        keep(max_started, true);
        keep(max_refused, false);
    }

    /// Adds a line, in the place of the oldest of its kind when there are too many; the same
    /// refusal from the same place as the last one only counts.
    void add(Line const& line)
    {
        if (Line* const last = kept_.count > 0 ? &kept_.line[kept_.count - 1] : nullptr) {
            bool const same = last->peer == line.peer && last->status == line.status &&
                              !is_started(line) &&
                              std::memcmp(last->outcome, line.outcome, sizeof line.outcome) == 0;
            if (same) {
                ++last->count;
                last->wall_ns = line.wall_ns;
                return;
            }
        }
        if (is_started(line))
            keep(max_started - 1, true);
        else
            keep(max_refused - 1, false);
        kept_.line[kept_.count] = line;
        kept_.line[kept_.count++].count = 1;
    }
    /// The line `index` before the newest. @error not_found
    Result<Line> find(u64 index)
    {
        if (index >= kept_.count) return Error::not_found;
        return kept_.line[kept_.count - 1 - index];
    }

private:
    static bool is_started(Line const& line) { return line.status == 201; }
    /// Takes the oldest lines of a kind out until there are at most so many of it.
    void keep(u32 most, bool started)
    {
        auto const of_kind = [started](Line const& line) { return is_started(line) == started; };
        auto const begin = kept_.line;
        for (auto end = begin + kept_.count; std::count_if(begin, end, of_kind) > most; --end) {
            auto const oldest = std::find_if(begin, end, of_kind);
            std::copy(oldest + 1, end, oldest);
            --kept_.count;
        }
    }
};

} // namespace upload_server
