// Fuzzes libs/cpio and the bundle on top of it, raw and as edits to a sound bundle: entries lie
// inside the archive, and reading ends.
#include "cpio/cpio.hpp"

#include "boot/common/bundle.hpp"
#include <cstdlib>
#include <string>

namespace {

void check(std::span<u8 const> archive)
{
    u8 const* const begin = archive.data();
    u8 const* const end = begin + archive.size();
    cpio::Reader reader{archive};
    for (usize count = 0;; ++count) {
        if (count > archive.size() / 110) std::abort(); // an entry has at least its header
        auto const entry = reader.next();
        if (!entry || !*entry) break;
        auto const& found = **entry;
        auto const* const name = reinterpret_cast<u8 const*>(found.name.data());
        bool const inside = name >= begin && name + found.name.size() <= end &&
                            found.data.data() >= begin &&
                            found.data.data() + found.data.size() <= end;
        if (!inside || found.name.empty()) std::abort();
    }
    auto const bundle = boot::parse_bundle(archive);
    if (bundle && (*bundle).root_server.empty()) std::abort();
}

std::string sound_bundle()
{
    std::string out;
    for (std::string const name : {"kernel.elf", "root-server", "cmdline", "TRAILER!!!"}) {
        out += "070701";
        for (unsigned field = 0; field < 13; ++field)
            out += field == 6 ? "00000004" : field == 11 ? "0000000" : "00000000";
        // Field 11 has a digit less: put the length of the name there.
        out.insert(out.size() - 8, 1, "0123456789abcdef"[name.size() + 1]);
        out += name + '\0';
        out.resize((out.size() + 3) / 4 * 4);
        out += "data";
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    check({data, size});
    // Each 3 bytes of input: a 16-bit offset, and what to write there.
    static auto const sound = sound_bundle();
    auto edited = sound;
    for (usize at = 0; at + 3 <= size; at += 3)
        edited[(data[at] | data[at + 1] << 8) % edited.size()] = static_cast<char>(data[at + 2]);
    check({reinterpret_cast<u8 const*>(edited.data()), edited.size()});
    if (size == 0 && !boot::parse_bundle({reinterpret_cast<u8 const*>(sound.data()), sound.size()}))
        std::abort(); // the archive that gets edited has to be a sound one
    return 0;
}
