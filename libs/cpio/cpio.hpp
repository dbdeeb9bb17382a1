// Reads a cpio archive in the "newc" format: the boot archive, and the bundle the loaders get.
// The archive is hostile: an entry is handed out only when it lies wholly inside. Nothing is
// copied. scripts/gen/cpio.py writes such archives.
// [cpio(5), "New ASCII Format"]
#pragma once

#include "kit/result.hpp"
#include <optional>
#include <span>
#include <string_view>

namespace cpio {

/// Why an archive was refused. sentence() says it in words.
enum class Fault : u8 {
    ok = 0,
    truncated_header,
    bad_magic,
    bad_number,
    bad_name,
    truncated_name,
    truncated_data,
};

/// What is wrong, as the end of a line "<archive>: ...".
char const* sentence(Fault fault);

struct Entry {
    std::string_view name;    ///< points into the archive; not empty
    std::span<u8 const> data; ///< points into the archive
    u32 mode;                 ///< type and permission bits as stat(2) has them
};

/// Walks the entries from first to last.
class Reader {
public:
    explicit Reader(std::span<u8 const> archive) : archive_{archive} {}

    /// The next entry, or nothing after the last one (the archive's trailer). An archive without
    /// a trailer is truncated.
    /// @error every Fault but ok; the Reader then stays where it is
    Result<std::optional<Entry>, Fault> next();

private:
    std::span<u8 const> archive_;
    u64 offset_ = 0;
};

/// The first entry of that name, or nothing.
/// @error the archive is bad before the entry
Result<std::optional<Entry>, Fault> find(std::span<u8 const> archive, std::string_view name);

} // namespace cpio
