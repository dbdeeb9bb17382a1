// Free places of a table: their indices, linked through an array that the table's owner brings.
#pragma once

#include "kit/types.hpp"
#include <span>

namespace net {

class IndexList {
    std::span<u32> next_;
    u32 first_ = none;

public:
    static constexpr u32 none = ~u32{0};

    IndexList() = default;
    /// All of the table, the lowest first.
    explicit IndexList(std::span<u32> next) : next_{next}
    {
        for (auto i = static_cast<u32>(next.size()); i > 0; --i) give(i - 1);
    }
    bool empty() const { return first_ == none; }
    /// None: all are taken.
    u32 take()
    {
        u32 const index = first_;
        if (index != none) first_ = next_[index];
        return index;
    }
    void give(u32 index)
    {
        next_[index] = first_;
        first_ = index;
    }
};

} // namespace net
