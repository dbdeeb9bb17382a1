// See store.hpp.
#include "servers/log/store.hpp"

#include "text/clean.hpp"

namespace log_server {

namespace {

constexpr u64 store_magic = 0x3167'6f6c'6372'7968; // "hyrclog1"
constexpr u32 store_version = 1;
constexpr u32 most_starts = 2;

/// FNV-1a: finds accidents, not attacks; nobody but this server can write here.
u32 checksum(void const* start, usize bytes)
{
    auto const* cursor = static_cast<u8 const*>(start);
    u32 sum = 0x811c9dc5;
    for (usize i = 0; i < bytes; ++i) sum = (sum ^ cursor[i]) * 0x0100'0193;
    return sum;
}

u32 entry_checksum(Entry const& entry)
{
    u32 const sum = checksum(entry.text, entry.length);
    return sum ^ static_cast<u32>(entry.number * 0x9e37'79b1) ^ static_cast<u32>(entry.tsc) ^
           (u32{entry.program} << 16 | u32{entry.length} << 8 | entry.level);
}

} // namespace

u32 Store::header_checksum() const
{
    usize const from = offsetof(Header, highest_level);
    return checksum(reinterpret_cast<u8 const*>(header_) + from, sizeof(Header) - from);
}

bool Store::is_sound(Entry const& entry, u64 place) const
{
    return entry.number > 0 && entry.number % count_ == place &&
           entry.length <= log_protocol::text_bytes && entry.program < composition::max_programs &&
           (entry.level & ~continued) <= static_cast<u8>(Level::debug) &&
           entry.checksum == entry_checksum(entry);
}

Store::Found Store::open(std::span<u8> memory)
{
    constexpr usize header_bytes = (sizeof(Header) + 63) / 64 * 64;
    header_ = reinterpret_cast<Header*>(memory.data());
    entry_ = reinterpret_cast<Entry*>(memory.data() + header_bytes);
    count_ = (memory.size() - header_bytes) / sizeof(Entry);
    bool const empty = header_->magic == 0;
    bool const good = header_->magic == store_magic && header_->version == store_version &&
                      header_->entries == count_ && header_->checksum == header_checksum() &&
                      header_->starts < most_starts;
    next_ = 1;
    if (!good) clear();
    for (u64 i = 0; i < count_; ++i) {
        if (!is_sound(entry_[i], i)) entry_[i].number = 0;
        if (entry_[i].number >= next_) next_ = entry_[i].number + 1;
    }
    ++header_->starts;
    return good ? Found::kept : empty ? Found::empty : Found::bad;
}

void Store::clear()
{
    *header_ = {store_magic, store_version, static_cast<u32>(count_), 0, 0, {}, {}};
    for (u8& level : header_->highest_level) level = static_cast<u8>(log_protocol::default_level);
    header_->checksum = header_checksum();
    for (u64 i = 0; i < count_; ++i) entry_[i].number = 0;
}

void Store::add(u32 program, u64 tsc, Level level, bool continues, std::string_view text)
{
    if (program >= composition::max_programs) return;
    if (level > Level::debug) level = Level::debug;
    if (level > filter(program)) return;
    Entry& entry = entry_[next_ % count_];
    entry.number = next_++;
    entry.tsc = tsc;
    entry.program = static_cast<u16>(program);
    entry.level = static_cast<u8>(static_cast<u8>(level) | (continues ? continued : 0));
    entry.length = static_cast<u8>(text::copy_clean(entry.text, sizeof entry.text, text));
    entry.checksum = entry_checksum(entry);
}

Entry const* Store::find(u64 from, u32 program, u32 level) const
{
    u64 const oldest = next_ > count_ ? next_ - count_ : 1;
    for (u64 number = from < oldest ? oldest : from; number < next_; ++number) {
        Entry const& entry = entry_[number % count_];
        if (entry.number == number &&
            (program == composition::no_index || entry.program == program) &&
            (entry.level & ~continued) <= static_cast<int>(level))
            return &entry;
    }
    return nullptr;
}

bool Store::set_filter(u32 program, u64 level)
{
    if (level > static_cast<u64>(Level::debug)) return false;
    if (program >= composition::max_programs && program != composition::no_index) return false;
    for (u32 i = 0; i < composition::max_programs; ++i)
        if (program == i || program == composition::no_index)
            header_->highest_level[i] = static_cast<u8>(level);
    header_->checksum = header_checksum();
    return true;
}

void Store::set_name(u32 program, std::string_view name)
{
    if (program >= composition::max_programs) return;
    char(&own)[composition::name_bytes] = header_->name[program];
    own[text::copy_clean(own, sizeof own - 1, name)] = 0;
    header_->checksum = header_checksum();
}

} // namespace log_server
