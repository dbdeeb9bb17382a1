// A program that tests upload: logs which instance it is and what it was given, and answers each
// connection at port 8000 with one line. A line "die" that comes first makes it read where nothing
// is.
#include "log/logger.hpp"
#include "net/socket.hpp"
#include "program/program.hpp"

#include <cstring>

namespace {

constexpr u16 port = 8000;

/// Zero at first and initialised: both parts of a data segment.
u32 volatile counted = 7;
u32 volatile zeroed[2000];

class Visitor {
    enum class Kind : u64 { bound, listening, accepted, received, sent, closed };

    program::Program const& self_;
    logging::Logger log_{self_};
    net::Client::Tables<16, 16, 32 << 10> tables_;
    net::Client client_{self_.use("net"), tables_};
    net::Listener listener_;
    net::Stream stream_;
    net::Buffer buffer_;
    u32 epoch_ = 0;

public:
    explicit Visitor(program::Program const& self) : self_{self}
    {
        log_.info("visitor: instance {}, time {}, entropy {}, data {} {}", self.epoch(),
                  self.use("time") ? "yes" : "no", self.use("entropy") ? "yes" : "no", u32{counted},
                  u32{zeroed[1999]});
        if (auto buffer = net::Buffer::take(client_.arena(), 1024)) buffer_ = std::move(*buffer);
    }

    void on_signal(u64)
    {
        do {
            for (net::Outcome outcome; client_.next(outcome);) handle(outcome);
            if (client_.online() && epoch_ != client_.epoch()) listen();
            client_.wake_server();
        } while (!client_.sleep());
    }

private:
    static u64 cookie(Kind kind) { return static_cast<u64>(kind); }

    void listen()
    {
        epoch_ = client_.epoch();
        stream_ = {};
        listener_ = {};
        bool const good = net::Listener::open(client_, listener_) &&
                          listener_.bind({net::any_address, port}, cookie(Kind::bound)) &&
                          listener_.listen(4, cookie(Kind::listening));
        if (good) accept();
    }
    void accept()
    {
        stream_ = {};
        (void)listener_.accept(stream_, {}, cookie(Kind::accepted));
    }
    void handle(net::Outcome const& outcome)
    {
        bool const ok = outcome.status == net::Status::ok;
        switch (static_cast<Kind>(outcome.cookie)) {
        case Kind::listening:
            if (ok) log_.info("visitor: instance {} listens", self_.epoch());
            [[fallthrough]];
        case Kind::bound:
            if (!ok) log_.error("no listener: {}", static_cast<u32>(outcome.status));
            return;
        case Kind::accepted:
            if (ok) (void)stream_.receive(buffer_.piece(), cookie(Kind::received));
            return;
        case Kind::received:
            if (!ok || outcome.value == 0) return accept();
            return answer(outcome.value);
        case Kind::sent:
            (void)stream_.close(cookie(Kind::closed));
            return;
        case Kind::closed:
            return accept();
        }
    }
    void answer(u32 bytes)
    {
        char const* const text = reinterpret_cast<char const*>(buffer_.data());
        if (bytes >= 3 && std::memcmp(text, "die", 3) == 0) {
            u64 volatile nowhere = 8;
            *reinterpret_cast<u8 volatile*>(nowhere) = 1;
        }
        text::Writer line{{reinterpret_cast<char*>(buffer_.data()), buffer_.size()}};
        text::format(line, "visitor, instance {}\n", self_.epoch());
        (void)stream_.send(buffer_.piece(0, static_cast<u32>(line.view().size())),
                           cookie(Kind::sent));
    }
};

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static Visitor visitor{self};
    visitor.on_signal(0);
    program::serve_signals(self, visitor);
}
