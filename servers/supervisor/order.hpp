// In which order programs start: a server before its clients. The compiler of the description
// refuses a program whose priority is not above its clients', so the order of priorities is the
// order of calls; drivers stand before servers of the same priority.
#pragma once

#include "composition/description.hpp"
#include <array>
#include <span>

namespace supervisor {

struct StartOrder {
    std::array<u8, composition::max_programs> index;
    usize count = 0;

    std::span<u8 const> programs() const { return {index.data(), count}; }
};

/// The programs that are not of the trusted base, in the order to start them. Equal ones stay as
/// the description has them.
inline StartOrder start_order(std::span<composition::Program const> programs)
{
    auto const before = [&](u8 a, u8 b) {
        auto const &first = programs[a], &second = programs[b];
        if (first.priority != second.priority) return first.priority > second.priority;
        return first.kind > second.kind; // driver above server
    };
    StartOrder order{};
    for (usize i = 0; i < programs.size() && i < composition::max_programs; ++i) {
        if (programs[i].kind == composition::Kind::trusted) continue;
        usize at = order.count++;
        u8 const mine = static_cast<u8>(i);
        for (; at > 0 && before(mine, order.index[at - 1]); --at)
            order.index[at] = order.index[at - 1];
        order.index[at] = mine;
    }
    return order;
}

} // namespace supervisor
