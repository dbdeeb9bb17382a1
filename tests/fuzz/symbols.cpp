// Fuzzes libs/symbols: whatever the table holds, a name handed out lies inside it, and is text.
#include "symbols/symbols.hpp"

#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    if (size < 16) return 0;
    // The first 8 bytes are an address; the rest is the file, mostly with the right magic.
    u64 address;
    std::memcpy(&address, data, sizeof address);
    std::vector<u8> file(data + 8, data + size);
    if (address & 1) std::memcpy(file.data(), &symbols::magic, sizeof symbols::magic);
    auto const table = symbols::Table::open(file);
    if (!table) return 0;
    for (u64 const each : {address >> 1, address & 0xffff, address & 0xff}) {
        auto const place = (*table).find(each);
        if (!place) continue;
        auto const* const name = reinterpret_cast<u8 const*>(place->name.data());
        if (name < file.data() || name + place->name.size() >= file.data() + file.size() ||
            place->name.empty() || place->name.size() > symbols::max_name || place->offset > each)
            std::abort();
        for (char const c : place->name)
            if (c < ' ' || c > '~') std::abort();
    }
    return 0;
}
