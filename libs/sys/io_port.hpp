// x86 I/O ports: a capability to a range of them, and the right to make such capabilities.
#pragma once

#include "sys/cnode.hpp"

namespace sys {

/// A range of ports. Every access is one system call.
/// @error illegal_operation  the port is outside the range
class IoPort : public Cap {
public:
    using Cap::Cap;
    Result<u8> in8(u16 port) const
    {
        return static_cast<u8>(TRY(invoke(*this, abi::Label::x86_io_port_in8, {port})).word[0]);
    }
    Result<u16> in16(u16 port) const
    {
        return static_cast<u16>(TRY(invoke(*this, abi::Label::x86_io_port_in16, {port})).word[0]);
    }
    Result<u32> in32(u16 port) const
    {
        return static_cast<u32>(TRY(invoke(*this, abi::Label::x86_io_port_in32, {port})).word[0]);
    }
    Result<void> out8(u16 port, u8 value) const
    {
        return command(*this, abi::Label::x86_io_port_out8, {port, value});
    }
    Result<void> out16(u16 port, u16 value) const
    {
        return command(*this, abi::Label::x86_io_port_out16, {port, value});
    }
    Result<void> out32(u16 port, u32 value) const
    {
        return command(*this, abi::Label::x86_io_port_out32, {port, value});
    }
};

class IoPortControl : public Cap {
public:
    using Cap::Cap;
    /// Capability to the ports first to last, both included, into `destination`.
    /// @error revoke_first  words 0 and 1: the range is issued already, in part or whole
    Result<void> issue(u16 first, u16 last, Slot destination) const
    {
        return command(*this, abi::Label::x86_io_port_control_issue,
                       {first, last, destination.index, destination.depth}, {destination.root});
    }
};

} // namespace sys
