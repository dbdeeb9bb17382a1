// debug/log.hpp and debug/panic.hpp for host tests.
#include "panic.hpp"

#include "debug/panic.hpp"

namespace fake {
std::string& log_text()
{
    static std::string text;
    return text;
}
} // namespace fake

namespace mk {

namespace log_detail {
void begin_line() {}
void end_line()
{
    fake::log_text() += '\n';
}
void put(char const* text)
{
    fake::log_text() += text;
}
void put(char c)
{
    fake::log_text() += c;
}
void put(bool value)
{
    put(value ? "true" : "false");
}
void put(u64 value)
{
    fake::log_text() += std::to_string(value);
}
void put(i64 value)
{
    fake::log_text() += std::to_string(value);
}
void put(Hex value)
{
    put(value.value);
}
void serial_only(bool) {}
} // namespace log_detail

namespace panic_detail {
void begin()
{
    fake::log_text().clear();
}
void finish(Context const*)
{
    fake::log_text().pop_back(); // the end of the line
    throw fake::Panic{fake::log_text()};
}
void assertion_failed(char const* condition, char const*, unsigned)
{
    throw fake::Panic{condition};
}
} // namespace panic_detail

} // namespace mk
