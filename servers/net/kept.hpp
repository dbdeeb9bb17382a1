// Configuration that outlives the program, in its memory object `keep`: written through at each
// change, taken by a successor if it is whole.
#pragma once

#include "kit/siphash.hpp"
#include "servers/net/interface.hpp"

namespace net_server {

struct Configuration {
    Settings interface[Interface::max];
};

class Kept {
    struct Record {
        u64 magic, sum;
        Configuration configuration;
    };
    static constexpr u64 magic = 0x32'6766'6374'656e; ///< another layout has another
    Record* record_ = nullptr;

    static u64 sum(Configuration const& it)
    {
        return kit::siphash({{magic, sizeof it}}, {reinterpret_cast<u8 const*>(&it), sizeof it});
    }

public:
    Kept() = default;
    Kept(void* memory, u64 bytes)
        : record_{bytes >= sizeof(Record) ? static_cast<Record*>(memory) : nullptr}
    {
    }
    /// What a predecessor has written; the default when there is nothing, or it is damaged.
    Configuration read() const
    {
        Configuration const standard{};
        if (record_ == nullptr || record_->magic != magic) return standard;
        Configuration const found = record_->configuration;
        return sum(found) == record_->sum ? found : standard;
    }
    void write(Configuration const& it)
    {
        if (record_ == nullptr) return;
        record_->magic = 0; // dying in between leaves nothing
        std::atomic_signal_fence(std::memory_order_seq_cst);
        record_->configuration = it;
        record_->sum = sum(it);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        record_->magic = magic;
    }
};

} // namespace net_server
