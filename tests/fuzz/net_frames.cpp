// Frames and records of a hostile driver or network, through an interface into lwIP.
#include "../unit/servers/net/card_rig.hpp"

#include "lwip/timeouts.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, size_t size);

namespace {

net_server::Settings settings()
{
    net_server::Settings it;
    it.method = static_cast<u32>(netconf::Method::fixed);
    it.address = 0x0100'000a;
    it.mask = 0x00ff'ffff;
    return it;
}

} // namespace

int LLVMFuzzerTestOneInput(unsigned char const* data, size_t size)
{
    if (size < 2) return 0;
    // One for all inputs: lwIP keeps frames (pieces of a datagram, what waits for an address) in
    // the pool from one to the next.
    static card_rig::Rig rig{0, settings()};
    u32 const flags =
        (data[0] & 1 ? nic::received::l4_good : 0) | (data[0] & 2 ? nic::received::ip_good : 0);
    bool const together = data[0] & 4;
    usize const piece = data[1] ? data[1] : 2048;
    data += 2, size -= 2;
    // Several frames: each begins with its length.
    while (size > 1) {
        usize const bytes = std::min<usize>(usize{data[0]} * 8 + 1, size - 1);
        bool const last = !together || size <= bytes + 2;
        rig.receive({data + 1, data + 1 + bytes}, flags, piece, last);
        data += 1 + bytes, size -= 1 + bytes;
        if (!last) continue;
        rig.transmit();
        fakes::lwip_port.now += 100;
        sys_check_timeouts();
    }
    return 0;
}
