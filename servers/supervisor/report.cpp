// See report.hpp.
#include "report.hpp"

#include <algorithm>

namespace supervisor {

void Report::put(logging::Level level, std::string_view text)
{
    log_.write(level, text);
    if (!root_prints_) return;
    Line line;
    line.add("supervisor: ", text.substr(0, root_protocol::max_text - 16), "\n");
    root_protocol::Print::Args args{};
    args.length = line.view().size();
    std::copy_n(line.view().data(), args.length, args.text);
    (void)rpc::call<root_protocol::Root, root_protocol::Print>(rpc::Channel{root_}, args);
}

void Report::leave_serial_port()
{
    if (!root_prints_) return;
    (void)rpc::call<root_protocol::Root, root_protocol::Quiet>(rpc::Channel{root_}, {});
    root_prints_ = false;
}

} // namespace supervisor
