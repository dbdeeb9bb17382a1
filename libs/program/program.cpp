// See program.hpp: names of arguments put together.
#include "program/program.hpp"

namespace program {

namespace {

/// A name of an argument being put together: at most 23 characters.
class Name {
    char text_[24] = {};
    usize length_ = 0;

public:
    Name& add(char const* part)
    {
        while (*part && length_ + 1 < sizeof text_) text_[length_++] = *part++;
        return *this;
    }
    Name& add(u64 number)
    {
        char digits[21] = {};
        char* first = digits + 20;
        do *--first = static_cast<char>('0' + number % 10);
        while ((number /= 10) > 0);
        return add(first);
    }
    char const* text() const { return text_; }
};

} // namespace

u64 Program::value(char const* first, char const* second, u64 otherwise) const
{
    return value(Name{}.add(first).add(".").add(second).text(), otherwise);
}

u64 Program::value(char const* first, u64 number, char const* second, u64 otherwise) const
{
    return value(Name{}.add(first).add(".").add(number).add(".").add(second).text(), otherwise);
}

Use Program::use(char const* protocol) const
{
    Use use;
    use.call = sys::Endpoint{value(protocol, "call")};
    use.signal = sys::Notification{value(protocol, "signal")};
    use.bit = value(protocol, "bit");
    use.shared = reinterpret_cast<void*>(value(protocol, "shared"));
    use.shared_bytes = value(protocol, "shared.size");
    use.pool = reinterpret_cast<u8*>(value(protocol, "pool"));
    use.pool_bytes = value(protocol, "pool.size");
    use.peer = static_cast<u32>(value(protocol, "peer", composition::no_index));
    return use;
}

ClientEdge Program::client(char const* protocol, u64 number) const
{
    ClientEdge edge;
    edge.signal = sys::Notification{value(protocol, number, "signal")};
    edge.shared = reinterpret_cast<void*>(value(protocol, number, "shared"));
    edge.shared_bytes = value(protocol, number, "shared.size");
    edge.pool_dma = value(protocol, number, "pool");
    edge.pool_bytes = value(protocol, number, "pool.size");
    edge.peer = static_cast<u32>(value(protocol, number, "peer", composition::no_index));
    edge.monitor = value(protocol, number, "monitor") != 0;
    return edge;
}

} // namespace program
