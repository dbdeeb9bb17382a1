// Tries a server that is Called, in the place of the injector, which must not wait for one that never
// answers. "parameter": a probe::Which. Ends with a probe::Status.
#include "kit/text.hpp"
#include "log/logger.hpp"
#include "probe.hpp"
#include "program/time.hpp"
#include "protocol/entropy.hpp"

#include <cstring>

namespace {

using probe::Status;

Status of(Error error)
{
    return error == Error::absent || error == Error::interrupted || error == Error::server_died
               ? Status::gone
               : Status::wrong;
}

/// An alarm comes, and not before its time.
Status try_clock(program::Program const& self)
{
    constexpr u64 soon_ns = 1'000'000;
    program::Clock const clock{self};
    auto const use = self.use("clock");
    u64 const deadline = clock.now() + soon_ns;
    auto const set = program::call<time_protocol::Clock, time_protocol::SetAlarm>(self, use, {deadline});
    if (!set) return of(set.error());
    while (!(self.wake().wait() & use.bit)) {
    }
    return clock.now() >= deadline ? Status::good : Status::wrong;
}

Status try_entropy(program::Program const& self)
{
    using entropy::Get;
    auto const use = self.use("entropy");
    Get::Reply reply[2];
    for (auto& it : reply) {
        auto const answer = program::call<entropy::Entropy, Get>(self, use, {sizeof it.data});
        if (!answer) return of(answer.error()); // `interrupted` until it is seeded
        it = *answer;
    }
    return std::memcmp(reply[0].data, reply[1].data, sizeof reply[0].data) == 0 ? Status::wrong
                                                                                : Status::good;
}

/// A line can be read as it was written.
Status try_log(program::Program const& self)
{
    using namespace log_protocol;
    logging::Logger logger{self};
    u64 const stamp = __builtin_ia32_rdtsc();
    kit::Text<64> line;
    line.add("probe ", stamp);
    logger.write(logging::Level::info, line.view());
    auto const use = self.use("logread");
    for (u64 from = 1;;) {
        auto read = program::call<LogRead, Read>(self, use, {from, self.self(), 3});
        if (!read) return of(read.error());
        if (read->number < from || read->length > sizeof read->text) return Status::wrong;
        if (line.view() == std::string_view{read->text, read->length}) return Status::good;
        from = read->number + 1;
    }
}

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    self.ready();
    switch (static_cast<probe::Which>(self.value("parameter"))) {
    case probe::Which::clock:
        return static_cast<int>(try_clock(self));
    case probe::Which::entropy:
        return static_cast<int>(try_entropy(self));
    case probe::Which::log:
        return static_cast<int>(try_log(self));
    }
    return static_cast<int>(Status::wrong);
}
