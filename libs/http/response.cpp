// See response.hpp.
#include "http/response.hpp"

#include "clock/calendar.hpp"

namespace http {

void write_date(text::Writer& out, u64 seconds)
{
    // 1970-01-01 was a Thursday.
    constexpr std::string_view days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    calendar::Date const date = calendar::date_of(static_cast<i64>(seconds));
    text::format(out, "{}, {0>2} {} {0>4} {0>2}:{0>2}:{0>2} GMT", days[seconds / 86400 % 7],
                 date.day, months[date.month - 1], date.year, date.hour, date.minute, date.second);
}

void write_start(text::Writer& out, Status status, u64 seconds, bool keep_alive)
{
    text::format(out, "HTTP/1.1 {} {}\r\n", static_cast<u16>(status), reason(status));
    if (seconds > 0) {
        out.write("Date: ");
        write_date(out, seconds);
        out.write("\r\n");
    }
    if (status == Status::method_not_allowed) out.write("Allow: GET, HEAD\r\n");
    if (!keep_alive) out.write("Connection: close\r\n");
}

void write_content_fields(text::Writer& out, std::string_view type, u64 length,
                          std::string_view more)
{
    text::format(out, "Content-Type: {}\r\nContent-Length: {}\r\n", type, length);
    out.write(more);
    out.write("\r\n");
}

} // namespace http
