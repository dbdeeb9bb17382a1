// The whole screen moves up by a line, as often as there are rounds: from the moment its cells are
// there until the driver says that all of it is drawn. Once with text in all its colours but with
// ends of lines as texts have them, once with a different character in every cell.
#include "bench.hpp"
#include "protocol/display.hpp"

namespace bench {

namespace {

constexpr usize scrolls_each = 20;

class Screen {
    program::Program const& self_;
    program::Use use_ = self_.use("display");
    display::Shared* shared_ = use_.memory<display::Shared>();
    u32 columns_ = 0, rows_ = 0;

public:
    explicit Screen(program::Program const& self) : self_{self} {}

    bool open()
    {
        if (!use_ || self_.state_of(use_.peer) == program::State::absent) return false;
        while (shared_->epoch.load(std::memory_order_acquire) == 0) self_.wake().wait();
        columns_ = shared_->columns.load(std::memory_order_relaxed);
        rows_ = shared_->rows.load(std::memory_order_relaxed);
        return true;
    }
    u32 columns() const { return columns_; }
    u32 rows() const { return rows_; }

    void measure(test::SerialLine& line, char const* name, bool full)
    {
        u64 rounds[scrolls_each] = {};
        show(0, full);
        for (u32 i = 0; i < scrolls_each; ++i) {
            write(i + 1, full);
            u64 const before = now();
            finish();
            rounds[i] = now() - before;
        }
        report(line, name, rounds);
    }

private:
    /// The character of a document without end; a space behind a line's end.
    static u32 character(u32 line, u32 column, bool full)
    {
        u32 random = (line * 8191 + column) * 2654435761u;
        random ^= random >> 15;
        if (full) return '!' + random % 94;
        u32 const length = 20 + line * 37 % 90;
        return column < length && random % 6 != 0 ? 'a' + random % 26 : ' ';
    }
    void write(u32 top, bool full)
    {
        for (u32 row = 0; row < rows_; ++row)
            for (u32 column = 0; column < columns_; ++column)
                shared_->cell[row * columns_ + column] = {
                    character(top + row, column, full),
                    static_cast<u8>(full ? 7 : 7 + (top + row) % 2), 0, 0, 0};
    }
    void finish()
    {
        u32 const wanted = shared_->changed.load(std::memory_order_relaxed) + 1;
        shared_->changed.store(wanted, std::memory_order_release);
        use_.signal.signal();
        while (shared_->drawn.load(std::memory_order_acquire) != wanted) self_.wake().wait();
    }
    void show(u32 top, bool full)
    {
        write(top, full);
        finish();
    }
};

} // namespace

void scrolls(program::Program const& self, test::SerialLine& line)
{
    static Screen screen{self};
    if (!screen.open()) return;
    line.print("bench: screen ", screen.columns(), " x ", screen.rows());
    screen.measure(line, "scroll_text", false);
    screen.measure(line, "scroll_full", true);
}

} // namespace bench
