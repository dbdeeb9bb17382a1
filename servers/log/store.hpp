// The log server's memory of lines: entries of 128 bytes in a ring, in memory that outlives the
// server. Every entry has its own checksum, so a server that dies while it writes one loses that
// one; header and entries are believed only as far as their checksums go. Nothing here knows rings
// of clients or capabilities: tests/unit/servers/log.cpp.
#pragma once

#include "composition/description.hpp"
#include "protocol/log.hpp"
#include <span>
#include <string_view>

namespace log_server {

using log_protocol::Level;

struct Entry {
    u64 number; ///< from 1; 0: nothing was ever here
    u64 tsc;
    u32 checksum;
    u16 program;
    u8 length;
    u8 level; ///< a Level, | continued
    char text[log_protocol::text_bytes];
};
static_assert(sizeof(Entry) == 128);
inline constexpr u8 continued = 0x80;

struct Header {
    u64 magic;
    u32 version, entries;
    u32 starts;   ///< servers that began with this store and have not yet shown that they live
    u32 checksum; ///< of what follows
    u8 highest_level[composition::max_programs];
    char name[composition::max_programs][composition::name_bytes];
};

class Store {
    Header* header_ = nullptr;
    Entry* entry_ = nullptr;
    u64 count_ = 0, next_ = 1;

public:
    /// How the memory was found.
    enum class Found { empty, kept, bad };

    /// Takes the memory as it is if it is sound, else clears it. Also clears it when two servers
    /// in a row began with it and did not come to lives().
    /// @param memory  at least a Header and some entries, aligned to 64 bytes
    Found open(std::span<u8> memory);
    /// The server has worked with this store for a while: it is not what kills it.
    void lives() { header_->starts = 0; }

    /// Keeps a line, or drops it when the filter of its program says so. Control characters become
    /// blanks; length and level are cut to what is possible.
    void add(u32 program, u64 tsc, Level level, bool continues, std::string_view text);
    /// The first entry from number `from` on of `program` (composition::no_index: any) with a level
    /// of at most `level`. Null: none.
    Entry const* find(u64 from, u32 program, u32 level) const;

    /// @error bad_argument
    bool set_filter(u32 program, u64 level);
    Level filter(u32 program) const { return static_cast<Level>(header_->highest_level[program]); }

    /// What a program calls itself. Cut and cleaned like lines.
    void set_name(u32 program, std::string_view name);
    char const* name(u32 program) const { return header_->name[program]; }

private:
    void clear();
    bool is_sound(Entry const& entry, u64 place) const;
    u32 header_checksum() const;
};

} // namespace log_server
