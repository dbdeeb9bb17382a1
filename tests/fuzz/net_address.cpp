// Fuzzes libs/net/address: what is read as an address is written in a form that reads as the same
// address, and no two forms are written for it.
#include "net/address.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    if (auto const address = net::parse_address(text)) {
        text::Line<39> written;
        net::write_address(written, *address);
        auto const again = net::parse_address(written.view());
        if (written.was_cut() || !again || !(*again == *address)) std::abort();
    }
    if (auto const endpoint = net::parse_endpoint(text)) {
        text::Line<47> written;
        net::write_endpoint(written, *endpoint);
        auto const again = net::parse_endpoint(written.view());
        if (written.was_cut() || !again || again->port != endpoint->port) std::abort();
    }
    if (size >= 16) {
        net::Address address{};
        for (usize i = 0; i < 16; ++i) address.byte[i] = data[i];
        text::Line<39> written;
        net::write_address(written, address);
        auto const again = net::parse_address(written.view());
        if (written.was_cut() || !again || !(*again == address)) std::abort();
    }
    return 0;
}
