// See symbols.hpp.
#include "symbols/symbols.hpp"

#include <cstring>

namespace symbols {

Result<Table> Table::open(std::span<u8 const> file)
{
    Header header;
    if (file.size() < sizeof header) return Error::truncated;
    std::memcpy(&header, file.data(), sizeof header); // a member of an archive: aligned to 4
    if (header.magic != magic) return Error::corrupt;
    u64 const bytes = u64{header.count} * sizeof(Function);
    auto const rest = file.subspan(sizeof header);
    if (bytes > rest.size() || header.name_bytes > rest.size() - bytes) return Error::truncated;
    Table table;
    table.functions_ = rest.first(bytes);
    table.names_ = rest.subspan(bytes, header.name_bytes);
    return table;
}

Function Table::function(usize index) const
{
    Function it;
    std::memcpy(&it, functions_.data() + index * sizeof it, sizeof it);
    return it;
}

std::optional<Place> Table::find(u64 address) const
{
    // Of those that begin at or before the address the last. (A table that is not in order gives
    // a wrong answer, no more.)
    usize low = 0, high = functions_.size() / sizeof(Function);
    while (low < high) {
        usize const middle = low + (high - low) / 2;
        if (function(middle).first <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return {};
    Function const it = function(low - 1);
    if (address < it.first || address >= it.end || it.name >= names_.size()) return {};
    auto const names = names_.subspan(it.name);
    usize length = 0;
    while (length < names.size() && length <= max_name && names[length] != 0) {
        if (names[length] < ' ' || names[length] > '~') return {};
        ++length;
    }
    if (length == 0 || length > max_name || length == names.size()) return {};
    return Place{{reinterpret_cast<char const*>(names.data()), length}, address - it.first};
}

} // namespace symbols
