// See table.hpp.
#include "servers/shell/table.hpp"

#include "json/writer.hpp"

namespace shell {

namespace {

/// A value on one side of its column.
void write_column(Sink& out, Column const& column, text::Value const& value, bool last)
{
    text::Line<160> shown;
    text::write_value(shown, value);
    usize const taken = text::columns(shown.view());
    text::Line<80> pad;
    if (taken < column.width && (column.right || !last)) pad.fill(' ', column.width - taken);
    if (column.right) out.write(pad.view());
    out.write(shown.view());
    if (!column.right) out.write(pad.view());
    out.write(last ? "\r\n" : "  ");
}

} // namespace

Table::Table(Sink& out, std::initializer_list<Column> columns, bool json, usize shown)
    : out_{out}, json_{json}
{
    for (Column const& each : columns)
        if (count_ < max_columns && count_ < shown) column_[count_++] = each;
    if (json_) {
        out_.write("[");
        return;
    }
    for (usize i = 0; i < count_; ++i)
        write_column(out_, column_[i], text::value(column_[i].name), i + 1 == count_);
}

void Table::row(std::initializer_list<text::Value> values)
{
    if (json_) out_.write(rows_ == 0 ? "{" : ",\r\n{");
    ++rows_;
    usize i = 0;
    for (text::Value const& value : values) {
        if (i == count_) break;
        if (!json_) {
            write_column(out_, column_[i], value, i + 1 == count_);
        } else {
            if (i > 0) out_.write(", ");
            json::write_string(out_, column_[i].name);
            out_.write(": ");
            bool const string = value.style == text::Style::string;
            text::Line<24> number;
            bool const negative = value.style == text::Style::negative;
            text::write_value(
                number, {negative ? text::Style::negative : text::Style::decimal, value.number});
            if (string)
                json::write_string(out_, value.string);
            else
                out_.write(number.view());
        }
        ++i;
    }
    if (json_) out_.write("}");
}

void Table::end()
{
    if (json_) out_.write("]\r\n");
}

} // namespace shell
