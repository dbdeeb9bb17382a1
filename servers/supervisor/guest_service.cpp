// See guest_service.hpp.
#include "guest_service.hpp"

namespace supervisor {

namespace {

/// The names in a request. @error bad_argument  too many, or one that is empty, too long or endless
Result<spawn::Uses> uses_of(guests::Start::Args const& args)
{
    spawn::Uses uses;
    if (args.count > guests::max_uses) return Error::bad_argument;
    for (u64 i = 0; i < args.count; ++i)
        if (!uses.add(composition::text(args.uses[i]))) return Error::bad_argument;
    return uses;
}

} // namespace

Result<Managed*> GuestService::slot(u64 program)
{
    Managed* const it = lifecycle_.find(program);
    if (!it) return Error::not_found;
    if (!it->is_slot()) return Error::missing_rights;
    return it;
}

auto GuestService::on(guests::Start, guests::Start::Args const& args, rpc::Client)
    -> Answer<guests::Start>
{
    Managed& it = *TRY(slot(args.program));
    if (it.runs() || it.due) return Error::busy;
    auto const most_lenient = static_cast<u64>(it.definition->restart);
    if (args.policy > static_cast<u64>(composition::Restart::never) || args.policy < most_lenient)
        return Error::bad_argument;
    it.uses = TRY(uses_of(args));
    it.policy = RestartPolicy{static_cast<composition::Restart>(args.policy),
                              it.definition->max_per_minute};
    it.described = true;
    TRY(lifecycle_.start(it, 0));
    return guests::Start::Reply{};
}

auto GuestService::on(guests::Stop, guests::Stop::Args const& args, rpc::Client)
    -> Answer<guests::Stop>
{
    lifecycle_.stop(*TRY(slot(args.program)));
    return guests::Stop::Reply{};
}

} // namespace supervisor
