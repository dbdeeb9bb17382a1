// Programs over HTTP, into slots. Off until the shell says otherwise; README.md says what is
// checked, and who may do what.
#include "composition/reader.hpp"
#include "protocol/time.hpp"
#include "servers/upload/server.hpp"

namespace {

using namespace upload_server;

constexpr u32 sockets = 8, requests = 32, arena_bytes = 64 << 10;
constexpr u64 alarm_step = 100'000'000; // deadlines wait for the next of these

class Life {
    program::Program const& self_;
    net::Client& client_;
    Desk& desk_;
    Server& server_;
    program::Use alarm_ = self_.use("clock");
    u64 armed_ = 0; ///< when the clock signals
    u32 alarm_epoch_ = 0;

public:
    Life(program::Program const& self, net::Client& client, Desk& desk, Server& server)
        : self_{self}, client_{client}, desk_{desk}, server_{server}
    {
    }

    void on_signal(u64)
    {
        do arm(server_.poll());
        while (!client_.sleep());
    }
    void on_call(u64, u64, rpc::Message& message)
    {
        rpc::dispatch(uploads::Uploads{}, *this, rpc::Client{0}, message);
        on_signal(0);
    }

    template <class C> using Answer = Result<typename C::Reply>;
    Answer<uploads::On> on(uploads::On, uploads::On::Args const&, rpc::Client)
    {
        return desk_.turn_on();
    }
    Answer<uploads::Off> on(uploads::Off, uploads::Off::Args const&, rpc::Client)
    {
        desk_.turn_off();
        return uploads::Off::Reply{};
    }
    Answer<uploads::Stop> on(uploads::Stop, uploads::Stop::Args const& args, rpc::Client)
    {
        TRY(desk_.stop(composition::text(args.name)));
        return uploads::Stop::Reply{};
    }
    Answer<uploads::Entry> on(uploads::Entry, uploads::Entry::Args const& args, rpc::Client)
    {
        return desk_.line(args.index);
    }

private:
    /// Has the clock signal at `next`, unless it will before.
    void arm(u64 next)
    {
        if (next == Server::never) return;
        u32 const epoch = self_.epoch_of(alarm_.peer); // a successor knows no alarms
        u64 const wanted = (next / alarm_step + 1) * alarm_step;
        if (epoch == alarm_epoch_ && armed_ > desk_.now() && armed_ <= wanted) return;
        if (!program::call<time_protocol::Clock, time_protocol::SetAlarm>(self_, alarm_, {wanted}))
            return;
        armed_ = wanted;
        alarm_epoch_ = epoch;
    }
};

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static net::Client::Tables<sockets, requests, arena_bytes> tables;
    static net::Client client{self.use("net"), tables};
    static Desk desk{self, *reinterpret_cast<Kept*>(self.value("keep"))};
    static Server server{client, desk};
    static Life life{self, client, desk, server};
    life.on_signal(0); // what has happened before is not signalled again
    program::serve(self, life);
}
