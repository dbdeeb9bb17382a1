// The root server's side of libs/protocol/lesson.hpp: who may make which call. The badge of the
// caller's capability says who it is; nobody can claim to be another.
#pragma once

#include "shell.hpp"

namespace root {

class Services {
    Shell& shell_;

public:
    explicit Services(Shell& shell) : shell_{shell} {}

    Result<lesson::Line::Reply> on(lesson::Line, lesson::Line::Args const& args, rpc::Client who)
    {
        TRY(only(Id::echo, who));
        if (args.length > lesson::max_line) return Error::bad_argument;
        shell_.run({args.text, args.length});
        return lesson::Line::Reply{};
    }
    Result<lesson::Flushed::Reply> on(lesson::Flushed, lesson::Flushed::Args, rpc::Client who)
    {
        TRY(only(Id::echo, who));
        shell_.on_flushed();
        return lesson::Flushed::Reply{};
    }
    Result<lesson::NextOrder::Reply> on(lesson::NextOrder, lesson::NextOrder::Args, rpc::Client who)
    {
        TRY(only(Id::ping, who));
        return lesson::NextOrder::Reply{shell_.ordered_rounds()};
    }
    Result<lesson::OrderDone::Reply> on(lesson::OrderDone, lesson::OrderDone::Args const& args,
                                        rpc::Client who)
    {
        TRY(only(Id::ping, who));
        shell_.on_ping_done(args);
        return lesson::OrderDone::Reply{};
    }

private:
    static Result<void> only(Id wanted, rpc::Client who)
    {
        if (who.badge != static_cast<u64>(wanted)) return Error::missing_rights;
        return {};
    }
};

} // namespace root
