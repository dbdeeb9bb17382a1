// See logger.hpp.
#include "log/logger.hpp"

namespace logging {

Logger::Logger(log_protocol::Shared* shared, sys::Notification server, char const* program)
    : shared_{shared}, server_{server}
{
    if (shared_ == nullptr) return;
    ring_ = queue::Sender<decltype(shared->records)>{&shared_->records};
    usize i = 0;
    for (; program[i] && i + 1 < sizeof shared_->name; ++i) shared_->name[i] = program[i];
    shared_->name[i] = 0;
}

Logger::Logger(program::Program const& self)
    : Logger(self.use("log").memory<log_protocol::Shared>(), self.use("log").signal, self.name())
{
}

bool Logger::wants(Level level) const
{
    if (shared_ == nullptr) return false;
    u32 const filter = shared_->level.load(std::memory_order_relaxed);
    return static_cast<u32>(level) <=
           (filter == 0 ? static_cast<u32>(log_protocol::default_level) : filter - 1);
}

void Logger::write(Level level, std::string_view text)
{
    if (!wants(level)) return;
    if (text.size() > max_line) text = {text.data(), max_line};
    if (ring_.space() < (text.size() > log_protocol::text_bytes ? 2u : 1u)) {
        ++lost_;
        return;
    }
    u64 const now = __builtin_ia32_rdtsc();
    bool continued = false;
    do {
        log_protocol::Record record{};
        usize const length =
            text.size() < log_protocol::text_bytes ? text.size() : log_protocol::text_bytes;
        record.tsc = now;
        record.length = static_cast<u16>(length);
        record.level = static_cast<u8>(level);
        record.continued = continued;
        record.lost = lost_;
        __builtin_memcpy(record.text, text.data(), length);
        ring_.push(record);
        lost_ = 0;
        continued = true;
        text.remove_prefix(length);
    } while (!text.empty());
    if (ring_.must_signal()) server_.signal();
}

} // namespace logging
