// Output that is data: the same rows as columns for people or, with --json, as an array of objects
// whose members are named like the columns.
#pragma once

#include "servers/shell/line_editor.hpp"
#include "text/format.hpp"
#include <initializer_list>

namespace shell {

struct Column {
    std::string_view name;
    usize width;        ///< of people's columns; the last may be wider
    bool right = false; ///< numbers
};

class Table {
public:
    static constexpr usize max_columns = 16;

    /// @param shown  of the columns, only so many
    Table(Sink& out, std::initializer_list<Column> columns, bool json, usize shown = max_columns);
    /// As many values as there are columns; what is beyond them is not shown. Sizes and times are
    /// plain numbers in JSON (bytes, microseconds).
    void row(std::initializer_list<text::Value> values);
    void end();

private:
    Sink& out_;
    Column column_[max_columns];
    usize count_ = 0, rows_ = 0;
    bool json_;
};

} // namespace shell
