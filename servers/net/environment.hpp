// What lwIP wants to know and cannot: the time, numbers that nobody can guess, the first sequence
// number of a connection. There is one stack in a program, so there is one of these.
#pragma once

#include "kit/siphash.hpp"
#include "log/logger.hpp"
#include "program/time.hpp"
#include "protocol/entropy.hpp"

namespace net_server {

class Environment {
public:
    /// Before lwIP begins. False until the entropy server was seeded: call again later.
    bool begin(program::Program const& self, logging::Logger& log);

    u64 nanoseconds() const { return clock_.now(); }
    u64 microseconds() const { return clock_.now() / 1000; }
    u32 milliseconds() const { return static_cast<u32>(clock_.now() / 1'000'000); }
    /// Four bytes of the entropy server's; one Call for every 64 of them.
    u32 random();
    /// Of sequence.hpp; drawn once.
    kit::SipKey const& secret() const { return secret_; }
    logging::Logger& log() { return *log_; }
    program::Clock const& clock() const { return clock_; }

private:
    bool refill();

    program::Program const* self_ = nullptr;
    program::Use entropy_;
    program::Clock clock_;
    logging::Logger* log_ = nullptr;
    kit::SipKey secret_{};
    u8 bytes_[entropy::max_bytes] = {};
    u32 left_ = 0;
};

extern Environment environment;

} // namespace net_server
