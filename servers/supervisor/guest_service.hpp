// Serves libs/protocol/guests.hpp: programs in the slots for uploaded ones. Whoever calls has the
// right `uploader` (main.cpp looks); everything it sends is checked here.
#pragma once

#include "managed.hpp"
#include "protocol/guests.hpp"

namespace supervisor {

/// Programs is a Lifecycle, or what a test has in its place: find(), start(), stop().
template <class Programs> class GuestService {
    Programs& programs_;

public:
    explicit GuestService(Programs& programs) : programs_{programs} {}

    template <class C> using Answer = Result<typename C::Reply>;
    Answer<guests::Start> on(guests::Start, guests::Start::Args const& args, rpc::Client)
    {
        Managed& it = *TRY(slot(args.program));
        if (it.runs() || it.due) return Error::busy;
        auto const most_lenient = static_cast<u64>(it.definition->restart);
        if (args.policy > static_cast<u64>(composition::Restart::never) ||
            args.policy < most_lenient)
            return Error::bad_argument;
        it.uses = TRY(uses_of(args));
        it.policy = RestartPolicy{static_cast<composition::Restart>(args.policy),
                                  it.definition->max_per_minute};
        it.described = true;
        TRY(programs_.start(it, 0));
        return guests::Start::Reply{};
    }
    Answer<guests::Stop> on(guests::Stop, guests::Stop::Args const& args, rpc::Client)
    {
        programs_.stop(*TRY(slot(args.program)));
        return guests::Stop::Reply{};
    }

private:
    /// @error not_found, missing_rights
    Result<Managed*> slot(u64 program)
    {
        Managed* const it = programs_.find(program);
        if (!it) return Error::not_found;
        if (!it->is_slot()) return Error::missing_rights;
        return it;
    }
    /// The names in a request. @error bad_argument  too many, or one that is empty, too long or
    /// endless
    static Result<spawn::Uses> uses_of(guests::Start::Args const& args)
    {
        spawn::Uses uses;
        if (args.count > guests::max_uses) return Error::bad_argument;
        for (u64 i = 0; i < args.count; ++i)
            if (!uses.add(composition::text(args.uses[i]))) return Error::bad_argument;
        return uses;
    }
};

} // namespace supervisor
