// An address space that is being filled: maps frames and adds the paging structures they need.
#pragma once

#include "root/objects.hpp"
#include "sys/vspace.hpp"

namespace root {

class AddressSpace {
    sys::VSpace vspace_;
    Objects* objects_; // where paging structures come from

public:
    AddressSpace(sys::VSpace vspace, Objects& objects) : vspace_{vspace}, objects_{&objects} {}

    sys::VSpace vspace() const { return vspace_; }

    /// Maps a frame, adding the tables that are missing on the way.
    /// @error  those of sys::Frame::map but failed_lookup; not_enough_memory
    sys::Result<void> map(sys::Frame frame, u64 address, sys::Rights rights,
                          sys::Attributes attributes);

    /// Makes a frame from our objects and maps it.
    sys::Result<sys::Frame> map_new(u64 address, sys::Rights rights, sys::Attributes attributes);

private:
    sys::Result<void> add_table(u64 address, u64 missing_level);
};

/// Attributes of memory that holds code. Everything else is data_attributes: never executable.
inline constexpr sys::Attributes code_attributes{};

} // namespace root
