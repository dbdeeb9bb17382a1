// See slots.hpp.
#include "servers/upload/slots.hpp"

#include "composition/reader.hpp"
#include "protocol/guests.hpp"

namespace upload_server {

Slots::Slots(program::Program const& self, Kept& kept)
    : self_{self}, kept_{kept}, guests_{self.use("guests")},
      count_{static_cast<u32>(std::min<u64>(self.clients("upload"), Kept::max_slots))}
{
    for (u32 n = 0; n < count_; ++n) edge_[n] = self.client("upload", n);
}

std::string_view Slots::name(u32 n) const
{
    return composition::text(kept_.slot_name[n]);
}

/// A program runs there, or will again.
bool Slots::is_in_use(u32 n) const
{
    return self_.state_of(edge_[n].peer) != program::State::absent;
}

Result<u32> Slots::choose(std::string_view wanted) const
{
    for (u32 n = 0; n < count_; ++n)
        if (name(n) == wanted) return n;
    for (u32 n = 0; n < count_; ++n)
        if (!is_in_use(n)) return n;
    return Error::busy;
}

template <class C> Result<void> Slots::ask(typename C::Args const& args) const
{
    auto const answer = program::call<guests::Guests, C>(self_, guests_, args);
    if (!answer) return answer.error();
    return {};
}

Result<void> Slots::start(u32 n, Manifest const& manifest, std::span<u8 const> file)
{
    TRY(ask<guests::Stop>({edge_[n].peer}));
    auto& shared = *edge_[n].memory<upload::Shared>();
    std::memset(kept_.slot_name[n], 0, sizeof kept_.slot_name[n]);
    std::memcpy(kept_.slot_name[n], manifest.name.data(), manifest.name.size());
    shared.bytes.store(0, std::memory_order_relaxed);
    std::memcpy(shared.file, file.data(), file.size());
    std::memset(shared.file + file.size(), 0, sizeof shared.file - file.size());
    shared.bytes.store(static_cast<u32>(file.size()), std::memory_order_release);

    guests::Start::Args args{};
    args.program = edge_[n].peer;
    args.policy = static_cast<u64>(manifest.policy);
    auto const add = [&](std::string_view use) {
        std::memcpy(args.uses[args.count++], use.data(), use.size());
    };
    add("upload"); // where the loader finds the file
    for (usize i = 0; i < manifest.use_count; ++i) add(manifest.uses[i]);
    auto const started = ask<guests::Start>(args);
    if (!started) (void)ask<guests::Stop>({edge_[n].peer}); // no later attempt that nobody expects
    return started;
}

Result<void> Slots::stop(std::string_view wanted)
{
    for (u32 n = 0; n < count_; ++n) {
        if (wanted.empty() || name(n) != wanted) continue;
        TRY(ask<guests::Stop>({edge_[n].peer}));
        std::memset(kept_.slot_name[n], 0, sizeof kept_.slot_name[n]);
        return {};
    }
    return Error::not_found;
}

} // namespace upload_server
