// Bytes of a program into the terminal: whatever comes, the cursor stays on the screen and the
// sanitizers find nothing. The first two bytes are the geometry.
#include "servers/console/terminal.hpp"

namespace {

console_server::Screen screen;

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    if (size < 2) return 0;
    screen.resize(data[0] % display::max_columns + 1u, data[1] % display::max_rows + 1u);
    console_server::Terminal terminal{screen};
    for (usize i = 2; i < size; ++i) {
        terminal.put(data[i]);
        if (terminal.row() >= screen.rows() || terminal.column() >= screen.columns())
            __builtin_trap();
    }
    screen.look_back(size > 2 ? data[2] : 0u);
    for (u32 row = 0; row < screen.rows(); ++row)
        if (screen.shown(row)[screen.columns() - 1].reserved != 0) __builtin_trap();
    return 0;
}
