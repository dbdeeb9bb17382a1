// The search in the table of names. Layout, as scripts/gen/symbols.py writes it: for each function
// in order of address its offset from the start of the text and the offset of its name from the
// start of the table (u32 both), then the names; the first name follows the last function.
#include "debug/symbols.hpp"

// kernel.ld
extern "C" u8 const kernel_text_start[], kernel_text_end[], kernel_symbols[];

namespace mk {
namespace {

struct Entry {
    u32 address, name;
};

} // namespace

Symbol symbol_at(u64 address)
{
    u64 const text = reinterpret_cast<u64>(kernel_text_start);
    auto const* const entries = reinterpret_cast<Entry const*>(kernel_symbols);
    bool const in_text = address >= text && address < reinterpret_cast<u64>(kernel_text_end);
    if (!in_text || entries[0].name == 0) return {nullptr, 0}; // kernel.ld ends every table with 0
    u64 const count = entries[0].name / sizeof(Entry), offset = address - text;
    u64 found = 0; // the first function begins where the text does
    while (found + 1 < count && entries[found + 1].address <= offset) ++found;
    return {reinterpret_cast<char const*>(kernel_symbols + entries[found].name),
            offset - entries[found].address};
}

} // namespace mk
