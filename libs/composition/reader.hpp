// Reads a system description (description.hpp). open() checks everything a user of it relies on:
// counts, indices, ranges, that strings end, that no two grants of a program share a slot; what it
// then offers needs no further look. Nothing is copied: the bytes must outlive the Reader.
#pragma once

#include "composition/description.hpp"
#include "kit/result.hpp"
#include <span>
#include <string_view>

namespace composition {

/// Why a description was refused. sentence() says it in words.
enum class Fault : u8 {
    ok = 0,
    truncated, ///< shorter than it says, or misaligned in memory
    bad_magic,
    bad_version,
    bad_size,    ///< the arrays do not add up to `bytes`
    too_many,    ///< more than max_programs
    bad_text,    ///< a name that is empty, does not end, or is there twice
    bad_index,   ///< a reference to something that is not there
    bad_value,   ///< a number outside what its field means
    slot_taken,  ///< two grants or needs of a program in one slot, or behind its CNode's end
    bad_address, ///< memory that lies outside its area or over other memory of the program
};
char const* sentence(Fault fault);

class Reader {
    std::span<u8 const> file_;
    Header const* header_ = nullptr;
    Program const* programs_ = nullptr;
    Grant const* grants_ = nullptr;
    Need const* needs_ = nullptr;
    Quiesce const* quiesces_ = nullptr;
    Object const* objects_ = nullptr;
    char const* text_ = nullptr;

    Fault find_arrays(std::span<u8 const> file);
    Fault check_programs() const;
    Fault check_program(Program const& program) const;

public:
    /// @param file  at an address that is a multiple of 8
    /// @error every Fault but ok
    static Result<Reader, Fault> open(std::span<u8 const> file);

    Header const& header() const { return *header_; }
    std::string_view profile() const;
    std::span<Program const> programs() const { return {programs_, header_->program_count}; }
    std::span<Object const> objects() const { return {objects_, header_->object_count}; }
    Program const& program(u32 index) const { return programs_[index]; }

    std::span<Grant const> grants(Program const& program) const
    {
        return {grants_ + program.first_grant, program.grant_count};
    }
    std::span<Need const> needs(Program const& program) const
    {
        return {needs_ + program.first_need, program.need_count};
    }
    std::span<Quiesce const> quiesces(Program const& program) const
    {
        return {quiesces_ + program.first_quiesce, program.quiesce_count};
    }
    /// Its manifest's words.
    std::string_view manifest(Program const& program) const
    {
        return {text_ + program.manifest, program.manifest_bytes};
    }
    /// The index of the program of that name, or no_index.
    u32 find(std::string_view name) const;
};

/// A name of the description without its zeros.
template <usize N> std::string_view text(char const (&name)[N])
{
    usize length = 0;
    while (length < N && name[length]) ++length;
    return {name, length};
}

} // namespace composition
