// Looks at the machine: Calls to the supervisor, the memory-manager, net and the log server.
#pragma once

#include "observe/observer.hpp"
#include "program/time.hpp"
#include "servers/http/facts.hpp"
#include "servers/http/site.hpp"

namespace http_server {

class Gatherer {
public:
    explicit Gatherer(program::Program const& self) : self_{self} {}

    /// What the resource tells of; the rest of `facts` stays as it was.
    void gather(Resource resource, Facts& facts);

private:
    void programs(Facts& facts, bool accounts);
    void interrupts(Facts& facts);
    void network(Facts& facts);
    void log(Facts& facts);

    program::Program const& self_;
    observe::Observer observer_{self_};
    program::Use netconf_ = self_.use("netconf"), log_ = self_.use("logread");
    program::Clock clock_{self_};
    u64 next_record_ = 1;
};

} // namespace http_server
