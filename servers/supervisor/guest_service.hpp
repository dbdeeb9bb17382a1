// Serves libs/protocol/guests.hpp: programs in the slots for uploaded ones. Whoever calls has the
// right `uploader` (main.cpp looks); everything it sends is checked here.
#pragma once

#include "lifecycle.hpp"
#include "protocol/guests.hpp"

namespace supervisor {

class GuestService {
    Lifecycle& lifecycle_;

public:
    explicit GuestService(Lifecycle& lifecycle) : lifecycle_{lifecycle} {}

    template <class C> using Answer = Result<typename C::Reply>;
    Answer<guests::Start> on(guests::Start, guests::Start::Args const& args, rpc::Client);
    Answer<guests::Stop> on(guests::Stop, guests::Stop::Args const& args, rpc::Client);

private:
    /// @error not_found, missing_rights
    Result<Managed*> slot(u64 program);
};

} // namespace supervisor
