// A little-endian number inside a table, wherever it lies: tables are packed.
#pragma once

#include "kit/types.hpp"
#include <cstring>
#include <span>

namespace acpi {

/// The T at `offset`, or 0 when the table ends before: older revisions of a table are shorter.
template <class T> T field_of(std::span<u8 const> table, usize offset)
{
    T value = 0;
    if (table.size() >= sizeof value && offset <= table.size() - sizeof value)
        std::memcpy(&value, table.data() + offset, sizeof value);
    return value;
}

} // namespace acpi
