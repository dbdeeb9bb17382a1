// The last crash records of the whole system, in memory of a fixed size: the newest replaces the
// oldest. They outlive every program they tell of. A record is what monitor::CrashRecord answers.
#pragma once

#include "protocol/monitor.hpp"

namespace supervisor {

using Crash = monitor::CrashRecord::Reply;

class CrashStore {
public:
    static constexpr u32 capacity = 32;
    static constexpr u64 any = ~u64{0};

    /// A cleared record, the newest from now on, to be filled in.
    Crash& add()
    {
        untold_[written_ % capacity] = true;
        Crash& record = record_[written_++ % capacity];
        record = {};
        return record;
    }
    /// The `index`-th newest record of `program` (or of `any`), from 0; null when there is none.
    Crash* find(u64 program, u64 index)
    {
        u64 const kept = written_ < capacity ? written_ : capacity;
        for (u64 age = 1; age <= kept; ++age) {
            Crash& record = record_[(written_ - age) % capacity];
            if (program != any && record.program != program) continue;
            if (index-- == 0) return &record;
        }
        return nullptr;
    }

    /// The oldest record that nobody was told of and that is `good`; from now on it was told. Null:
    /// none.
    template <class Good> Crash const* take_untold(Good&& good)
    {
        for (u64 i = written_ < capacity ? 0 : written_ - capacity; i < written_; ++i) {
            if (!untold_[i % capacity] || !good(record_[i % capacity])) continue;
            untold_[i % capacity] = false;
            return &record_[i % capacity];
        }
        return nullptr;
    }

private:
    bool untold_[capacity] = {};
    Crash record_[capacity] = {};
    u64 written_ = 0;
};

} // namespace supervisor
