// See devices.hpp.
#include "devices.hpp"

#include "composition/description.hpp"
#include "rpc/capability_channel.hpp"
#include <algorithm>

namespace supervisor {

bool Devices::present(u32 program) const
{
    auto const answer = call<device::Present>({program});
    return answer && (*answer).state != 0;
}

Result<void> Devices::attach(u32 program, u64 space, sys::CNode cnode,
                             runtime::Arguments& arguments) const
{
    rpc::CapabilityChannel channel{manager_, cnode};
    auto const reply = TRY((rpc::call<device::Device, device::Attach>(channel, {program, space})));
    u64 const count = std::min<u64>(reply.count, device::max_values);
    for (u64 i = 0; i < count; ++i)
        if (!arguments.add(reply.values[i].name, reply.values[i].value)) return Error::out_of_range;
    return {};
}

Result<void> Devices::detach(u32 program) const
{
    TRY(call<device::Detach>({program}));
    return {};
}

Devices::Event Devices::next_event() const
{
    auto const answer = call<device::NextEvent>({});
    if (!answer || (*answer).program >= composition::max_programs)
        return {composition::no_index, false};
    return {static_cast<u32>((*answer).program), (*answer).appeared != 0};
}

rpc::Refusal Devices::next_refusal() const
{
    auto const refusal = call<device::NextRefusal>({});
    return refusal ? *refusal : rpc::Refusal{};
}

} // namespace supervisor
