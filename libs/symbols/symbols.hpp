// The names of a program's functions: the file NAME.symbols that scripts/gen/symbols.py puts into a
// debug build's boot archive beside the stripped program. Little endian, without gaps: Header,
// `count` times Function in the order of addresses, then zero-terminated names. The file is not
// believed: whatever it holds, a name handed out lies inside it.
#pragma once

#include "kit/result.hpp"
#include <optional>
#include <span>
#include <string_view>

namespace symbols {

inline constexpr u64 magic = 0x316d'7973'6372'7968; ///< "hyrcsym1"
inline constexpr usize max_name = 63;               ///< bytes; the writer cuts longer ones

struct Header {
    u64 magic;
    u32 count, name_bytes;
};
static_assert(sizeof(Header) == 16);

struct Function {
    u32 first, end; ///< virtual addresses; programs lie below 4 GiB
    u32 name;       ///< offset in the names
};
static_assert(sizeof(Function) == 12);

struct Place {
    std::string_view name; ///< points into the table; printable ASCII, 1 to max_name bytes
    u64 offset;            ///< bytes behind the function's first
};

class Table {
    std::span<u8 const> functions_, names_;

public:
    /// @error truncated  it is shorter than it says; corrupt: no such table
    static Result<Table> open(std::span<u8 const> file);
    /// The function that `address` lies in.
    std::optional<Place> find(u64 address) const;

private:
    Function function(usize index) const;
};

} // namespace symbols
