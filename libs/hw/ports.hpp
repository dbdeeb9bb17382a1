// Typed registers in x86 I/O ports: R at R::offset from the first port of a range. How a port is
// reached is Access: a capability (driver/ports.hpp), or a fake device in host tests.
#pragma once

#include "hw/reg.hpp"

namespace hw {

/// Reads and writes a byte at an offset from the first port of its range.
template <class A>
concept PortAccess = requires(A access, u16 offset, u8 byte)
{
    {
        access.in8(offset)
        } -> std::same_as<u8>;
    access.out8(offset, byte);
};

template <PortAccess Access> class Ports {
    Access access_;

public:
    explicit Ports(Access access) : access_{access} {}

    template <class R> Value<R> read()
    {
        static_assert(sizeof(typename R::Word) == 1, "no device of ours has wider port registers");
        return {access_.in8(R::offset)};
    }
    template <class R> void write(Value<R> value)
    {
        static_assert(sizeof(typename R::Word) == 1);
        access_.out8(R::offset, value.raw);
    }
};

} // namespace hw
