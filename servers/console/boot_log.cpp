// See boot_log.hpp.
#include "servers/console/boot_log.hpp"

namespace console_server {

std::optional<std::string_view> BootLog::next(u32 room)
{
    using log_protocol::Read;
    constexpr u32 most = 400;
    if (ended_ || !log_ || room < most) return std::nullopt;
    auto answer = program::call<log_protocol::LogRead, Read>(
        self_, log_, {from_, ~u64{0}, static_cast<u64>(log_protocol::Level::info)});
    if (!answer || answer->number == 0) return std::nullopt;
    from_ = answer->number + 1;
    line_.clear();
    auto const& reply = *answer;
    u64 const length = reply.length < sizeof reply.text ? reply.length : sizeof reply.text;
    std::string_view const words{reply.text, length};
    usize name = 0;
    while (name < sizeof reply.name && reply.name[name]) ++name;
    if (reply.level & log_protocol::continuation)
        text::format(line_, "{<27}{}\r\n", "", words);
    else
        text::format(line_, "{>4}.{0>3} {<16}  {}\r\n", reply.time_us / 1'000'000,
                     reply.time_us / 1000 % 1000, std::string_view{reply.name, name}, words);
    return line_.view();
}

} // namespace console_server
