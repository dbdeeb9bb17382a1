// See report.hpp.
#include "report.hpp"

#include "rpc/channel.hpp"
#include <algorithm>

namespace supervisor {

void Report::put(Line const& line)
{
    if (!root_prints_) return;
    root_protocol::Print::Args args{};
    auto const text = line.view();
    std::copy(text.begin(), text.end(), args.text);
    args.text[text.size()] = '\n';
    args.length = text.size() + 1;
    (void)rpc::call<root_protocol::Root, root_protocol::Print>(rpc::Channel{root_}, args);
}

void Report::leave_serial_port()
{
    (void)rpc::call<root_protocol::Root, root_protocol::Quiet>(rpc::Channel{root_}, {});
    root_prints_ = false;
}

} // namespace supervisor
