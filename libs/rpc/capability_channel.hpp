// Calls that carry a capability: one with the request, one in the answer, or both.
#pragma once

#include "rpc/channel.hpp"
#include "sys/cnode.hpp"

namespace rpc {

/// A client's end of an endpoint for rpc::call. The capability in the answer lands in `take`, which
/// must be empty; `taken` says whether one came.
class CapabilityChannel {
    sys::Endpoint endpoint_;
    sys::Cap give_;
    sys::Slot take_;
    bool taken_ = false;

public:
    /// @param give  null: none. The endpoint capability needs the right to grant
    /// @param take  where to; a null root: nowhere
    CapabilityChannel(sys::Endpoint endpoint, sys::Cap give, sys::Slot take = {})
        : endpoint_{endpoint}, give_{give}, take_{take}
    {
    }

    void call(Message& m)
    {
        auto& buffer = sys::ipc_buffer();
        buffer.receive_cnode = take_.root.address();
        buffer.receive_index = take_.index;
        buffer.receive_depth = take_.depth;
        auto out = to_kernel(m);
        if (give_) {
            out.caps = 1;
            buffer.caps_or_badges[0] = give_.address();
        }
        auto const answer = endpoint_.call(out);
        taken_ = answer.info.extra_caps() == 1 && answer.info.caps_unwrapped() == 0;
        from_kernel(answer, m);
    }
    bool taken() const { return taken_; }
};

} // namespace rpc
