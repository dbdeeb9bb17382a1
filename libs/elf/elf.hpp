// Reads the program headers of a static x86_64 ELF64 executable: kernel, root server, programs.
// The file is hostile: parse() checks everything a user of the segments relies on, so that what
// it returns can be loaded without a further look. Nothing is copied or allocated.
// [System V ABI, "ELF Header", "Program Header"; AMD64 supplement, "Machine Information"]
#pragma once

#include "kit/result.hpp"
#include <array>
#include <span>

namespace elf {

/// Why a file was refused. sentence() says it in words.
enum class Fault : u8 {
    ok = 0,
    too_short,
    bad_magic,
    not_64_bit,
    not_little_endian,
    bad_version,
    not_executable,
    wrong_machine,
    bad_header_size,
    bad_entry_size,
    no_segments,
    too_many_segments,
    headers_outside_file,
    segment_outside_file,
    segment_larger_in_file,
    segment_wraps,
    bad_alignment,
    overlapping_segments,
    entry_not_executable,
};

/// What is wrong, as the end of a line "<file>: ...".
char const* sentence(Fault fault);

/// A part of the file that belongs into memory (PT_LOAD with a size).
struct Segment {
    u64 address;              ///< virtual
    u64 physical;             ///< p_paddr, unchecked
    u64 memory_size;          ///< bytes; past data.size() it is zero
    std::span<u8 const> data; ///< points into the file; at most memory_size
    u64 align;                ///< power of two, at least 1
    bool read, write, execute;
};

inline constexpr usize max_segments = 32;

/// A checked executable. Segments do not overlap, lie inside the file, do not wrap around, and
/// the entry point lies in an executable one. They are in file order, which may be any order.
class Image {
public:
    /// Checks `file` and remembers its segments. The file must outlive the Image.
    /// @error every Fault but ok
    static Result<Image, Fault> parse(std::span<u8 const> file);

    u64 entry() const { return entry_; }
    std::span<Segment const> segments() const { return {segments_.data(), count_}; }
    u64 lowest_address() const;
    u64 end_address() const; ///< one past the last byte in memory

private:
    Fault add(Segment const& segment);
    bool entry_is_executable() const;

    std::array<Segment, max_segments> segments_{};
    usize count_ = 0;
    u64 entry_ = 0;
};

} // namespace elf
