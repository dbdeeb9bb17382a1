// The HTTP server: shows the machine's status to whoever reaches port 80. It looks, and changes
// nothing. README.md says what of; server.hpp how.
#include "log/logger.hpp"
#include "servers/http/documents.hpp"
#include "servers/http/gather.hpp"
#include "servers/http/page.hpp"
#include "servers/http/server.hpp"

namespace {

using namespace http_server;

constexpr u32 sockets = 1024, arena_bytes = 768 << 10;
constexpr u64 alarm_step = 100'000'000; // deadlines wait for the next of these

/// Documents, from facts that are looked up when one is asked for.
class Documents final : public Renderer {
    Gatherer gatherer_;
    Facts& facts_;

public:
    Server const* server = nullptr;

    Documents(program::Program const& self, Facts& facts) : gatherer_{self}, facts_{facts} {}
    void render(Resource resource, text::Writer& out) override
    {
        if (resource == Resource::page) return out.write(page);
        gatherer_.gather(resource, facts_);
        facts_.connections = server->connections();
        facts_.requests = server->counters().requests;
        facts_.refused = server->counters().refused;
        write_document(out, resource, facts_);
    }
};

class Life {
    program::Program const& self_;
    net::Client& client_;
    Server& server_;
    logging::Logger log_{self_};
    program::Use alarm_ = self_.use("clock");
    program::Clock clock_{self_};
    u64 armed_ = Server::never; ///< when the clock signals
    u32 alarm_epoch_ = 0;
    net::Status told_[2] = {};

public:
    Life(program::Program const& self, net::Client& client, Server& server)
        : self_{self}, client_{client}, server_{server}
    {
    }

    void on_signal(u64)
    {
        do {
            u64 const next = server_.poll(clock_.now(), clock_.wall());
            arm(next);
            tell();
        } while (!client_.sleep());
    }

private:
    /// Has the clock signal at `next`, unless it will before.
    void arm(u64 next)
    {
        if (!alarm_ || next == Server::never) return;
        u32 const epoch = self_.epoch_of(alarm_.peer); // a successor knows no alarms
        u64 const now = clock_.now();
        u64 const wanted = (next / alarm_step + 1) * alarm_step;
        if (epoch == alarm_epoch_ && armed_ > now && armed_ <= wanted) return;
        if (!program::call<time_protocol::Clock, time_protocol::SetAlarm>(self_, alarm_, {wanted}))
            return;
        armed_ = wanted;
        alarm_epoch_ = epoch;
    }
    /// A listener that is refused is worth a line; once for each reason.
    void tell()
    {
        for (u32 i = 0; i < 2; ++i) {
            net::Status const status = server_.listening(i == 1);
            if (status != told_[i] && status != net::Status::ok)
                log_.warning("port {} of IPv{}: the network refuses, status {}", Server::port,
                             i == 1 ? 6 : 4, static_cast<u32>(status));
            told_[i] = status;
        }
    }
};

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static net::Client::Tables<sockets, net::max_waiting, arena_bytes> tables;
    static net::Client client{self.use("net"), tables};
    static Facts facts;
    static Documents documents{self, facts};
    static Site site{client.arena(), documents, page_policy};
    static Connection connections[sockets - 2 * Server::max_accepting];
    static Server server{client, site, connections, {}};
    documents.server = &server;
    static Life life{self, client, server};
    life.on_signal(0); // what has happened before is not signalled again
    program::serve_signals(self, life);
}
