// Fuzzes composition::Reader, raw and as edits to a sound description: what is offered lies inside
// the file, and everything that a user follows leads somewhere.
#include "composition/reader.hpp"

#include "tests/unit/libs/composition/sound_system.hpp"
#include <cstdlib>

using namespace composition;

namespace {

template <class T> void inside(std::span<T const> part, std::span<u8 const> file)
{
    auto const* const first = reinterpret_cast<u8 const*>(part.data());
    if (first < file.data() || first + part.size_bytes() > file.data() + file.size()) std::abort();
}

void check(std::vector<u64> const& words, usize size)
{
    std::span<u8 const> const file{reinterpret_cast<u8 const*>(words.data()), size};
    auto const opened = Reader::open(file);
    if (!opened) return;
    Reader const& system = *opened;
    for (Program const& it : system.programs()) {
        inside(system.grants(it), file);
        inside(system.needs(it), file);
        inside(system.quiesces(it), file);
        inside(std::span<char const>{system.manifest(it)}, file);
        for (Grant const& grant : system.grants(it)) {
            bool const follows = grant.kind == GrantKind::call || grant.kind == GrantKind::signal;
            if (follows && grant.peer >= system.programs().size()) std::abort();
            if (grant.slot >> it.cnode_bits != 0 && grant.kind != GrantKind::number &&
                grant.address == 0 && grant.object == no_index)
                std::abort();
            if (text(grant.name).size() >= name_bytes) std::abort();
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    std::vector<u64> raw((size + 7) / 8);
    if (size > 0) std::memcpy(raw.data(), data, size);
    check(raw, size);
    // Each 3 bytes of input: a 16-bit offset, and what to write there.
    static auto const sound = SoundSystem{}.bytes();
    auto edited = sound;
    for (usize at = 0; at + 3 <= size; at += 3)
        reinterpret_cast<u8*>(edited.data())[(data[at] | data[at + 1] << 8) % (sound.size() * 8)] =
            data[at + 2];
    check(edited, edited.size() * 8);
    if (size == 0 && !Reader::open({reinterpret_cast<u8 const*>(sound.data()), sound.size() * 8}))
        std::abort(); // the description that gets edited has to be a sound one
    return 0;
}
