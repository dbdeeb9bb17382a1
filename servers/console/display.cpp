// See display.hpp.
#include "servers/console/display.hpp"

namespace console_server {

namespace {

// Cells travel as one word each: one load, one store, and the driver never sees half a cell.
using Word = std::atomic<u64>;
static_assert(sizeof(Cell) == sizeof(Word) && Word::is_always_lock_free);

Word& word(display::Shared* shared, u32 index)
{
    return reinterpret_cast<Word&>(shared->cell[index]);
}

} // namespace

DisplayEdge::DisplayEdge(program::Use use, Screen& screen, Terminal& terminal)
    : use_{use}, shared_{use.memory<display::Shared>()}, screen_{screen}, terminal_{terminal}
{
    if (shared_ == nullptr || !geometry()) return;
    epoch_ = shared_->epoch.load(std::memory_order_acquire);
    take_over();
}

bool DisplayEdge::geometry()
{
    if (shared_->epoch.load(std::memory_order_acquire) == 0) return false;
    u32 const columns = shared_->columns.load(std::memory_order_relaxed);
    u32 const rows = shared_->rows.load(std::memory_order_relaxed);
    if (columns == 0 || rows == 0 || columns > display::max_columns || rows > display::max_rows)
        return false;
    if (columns == screen_.columns() && rows == screen_.rows()) return true;
    screen_.resize(columns, rows);
    terminal_.fit();
    return true;
}

/// The shared memory outlived whoever filled it: its cells are the screen that the user sees.
void DisplayEdge::take_over()
{
    for (u32 row = 0; row < screen_.rows(); ++row) {
        for (u32 column = 0; column < screen_.columns(); ++column) {
            u64 const bits =
                word(shared_, row * screen_.columns() + column).load(std::memory_order_relaxed);
            Cell cell;
            __builtin_memcpy(&cell, &bits, sizeof cell);
            if (cell.character != 0) screen_.put(row, column, cell);
        }
    }
    u32 const cursor = shared_->cursor.load(std::memory_order_relaxed);
    if (cursor != ~u32{0}) terminal_.set_cursor(cursor >> 16, cursor & 0xffff);
}

void DisplayEdge::look()
{
    if (shared_ == nullptr) return;
    u32 const now = shared_->epoch.load(std::memory_order_acquire);
    if (now != epoch_ && geometry()) epoch_ = now;
}

void DisplayEdge::draw()
{
    if (epoch_ == 0) return;
    u32 const changed = shared_->changed.load(std::memory_order_relaxed);
    if (shared_->drawn.load(std::memory_order_acquire) != changed) return;
    if (!write_cells()) return;
    shared_->changed.store(changed + 1, std::memory_order_release);
    use_.signal.signal();
}

/// Whether any cell, or the cursor, is another one than before.
bool DisplayEdge::write_cells()
{
    bool any = false;
    for (u32 row = 0; row < screen_.rows(); ++row) {
        Cell const* const cells = screen_.shown(row);
        for (u32 column = 0; column < screen_.columns(); ++column) {
            u64 bits = 0;
            __builtin_memcpy(&bits, &cells[column], sizeof bits);
            Word& target = word(shared_, row * screen_.columns() + column);
            if (target.load(std::memory_order_relaxed) == bits) continue;
            target.store(bits, std::memory_order_relaxed);
            any = true;
        }
    }
    bool const visible = terminal_.cursor_visible() && screen_.looks_back() == 0;
    u32 const cursor = visible ? terminal_.row() << 16 | terminal_.column() : ~u32{0};
    if (shared_->cursor.load(std::memory_order_relaxed) == cursor) return any;
    shared_->cursor.store(cursor, std::memory_order_relaxed);
    return true;
}

void DisplayEdge::look_back(int pages)
{
    u32 const half = screen_.rows() / 2, now = screen_.looks_back();
    if (pages > 0)
        screen_.look_back(now + half);
    else
        screen_.look_back(now > half ? now - half : 0);
}

} // namespace console_server
