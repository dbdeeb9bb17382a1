// The supervisor's end of the device-manager: which drivers have a device, and giving it to them.
#pragma once

#include "protocol/device.hpp"
#include "rpc/channel.hpp"
#include "runtime/arguments.hpp"
#include "sys/cnode.hpp"

namespace supervisor {

class Devices {
    sys::Endpoint manager_;

public:
    /// @param manager  its endpoint with badge device::manager and the right to grant
    explicit Devices(sys::Endpoint manager) : manager_{manager} {}

    /// Whether there is a device for driver `program`.
    bool present(u32 program) const;
    /// Gives the device to an instance that does not run yet, and tells its arguments what of it
    /// lies where. @error those of device::Attach; out_of_range: too many arguments
    Result<void> attach(u32 program, u64 space, sys::CNode cnode,
                        runtime::Arguments& arguments) const;
    /// Makes the device quiet and takes it back. @error corrupt  it may still be writing to memory
    Result<void> detach(u32 program) const;

    struct Event {
        u32 program; ///< composition::no_index: nothing more happened
        bool appeared;
    };
    Event next_event() const;
    /// What was refused to a program; count 0: nothing more.
    rpc::Refusal next_refusal() const;

private:
    template <class C> Result<typename C::Reply> call(typename C::Args const& args) const
    {
        return rpc::call<device::Device, C>(rpc::Channel{manager_}, args);
    }
};

} // namespace supervisor
