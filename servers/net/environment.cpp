#include "servers/net/environment.hpp"

#include "lwip/sys.h"
#include "port.h"
#include "servers/net/sequence.hpp"

namespace net_server {

constinit Environment environment;

bool Environment::begin(program::Program const& self, logging::Logger& log)
{
    self_ = &self;
    log_ = &log;
    entropy_ = self.use("entropy");
    clock_ = program::Clock{self};
    if (!refill()) return false;
    for (u64& word : secret_.word) word = u64{random()} << 32 | random();
    return true;
}

bool Environment::refill()
{
    auto answer = program::call<entropy::Entropy, entropy::Get>(*self_, entropy_, {sizeof bytes_});
    if (!answer) return false;
    __builtin_memcpy(bytes_, answer->data, sizeof bytes_);
    left_ = sizeof bytes_;
    return true;
}

u32 Environment::random()
{
    if (left_ == 0 && !refill()) {
        // Gone for good, after it has served: nothing that can be foreseen may take its place.
        log_->error("no entropy server: no more random numbers");
        runtime::exit(1);
    }
    u32 value;
    left_ -= u32{sizeof value};
    __builtin_memcpy(&value, bytes_ + left_, sizeof value);
    __builtin_memset(bytes_ + left_, 0, sizeof value);
    return value;
}

} // namespace net_server

using net_server::environment;

extern "C" {

u32_t sys_now(void)
{
    return environment.milliseconds();
}

uint32_t lwip_port_random(void)
{
    return environment.random();
}

void lwip_port_fail(char const* text, char const* file, int line)
{
    environment.log().error("lwIP: {} ({}:{})", text, file, line);
    runtime::exit(134);
}

u32_t lwip_port_isn(ip_addr_t const* local, u16_t local_port, ip_addr_t const* remote,
                    u16_t remote_port)
{
    return net_server::first_sequence(environment.secret(), environment.microseconds(),
                                      {*local, local_port}, {*remote, remote_port});
}

void lwip_port_wall_time(uint32_t* seconds, uint32_t* microseconds)
{
    u64 const now = environment.clock().wall() / 1000;
    *seconds = static_cast<u32>(now / 1'000'000);
    *microseconds = static_cast<u32>(now % 1'000'000);
}

/// The clock driver keeps wall time by the machine's own clock; the difference is told.
void lwip_port_set_wall_time(uint32_t seconds, uint32_t)
{
    u64 const now = environment.clock().wall() / 1'000'000'000;
    i64 const ahead = static_cast<i64>(now) - static_cast<i64>(seconds);
    if (ahead > 1 || ahead < -1)
        environment.log().warning("SNTP: this machine's clock is {} s {}",
                                  ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead");
}

} // extern "C"
