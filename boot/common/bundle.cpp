// Names the entries of the bundle. The archive's own checks are in libs/cpio.
#include "boot/common/bundle.hpp"

#include "cpio/cpio.hpp"

namespace boot {
namespace {

enum Part : unsigned { kernel, root_server, boot_archive, command_line, part_count };
constexpr std::string_view names[part_count]{"kernel.elf", "root-server", "boot-archive",
                                             "cmdline"};

unsigned part_of(std::string_view name)
{
    unsigned part = 0;
    while (part < part_count && names[part] != name) ++part;
    return part;
}

} // namespace

Checked<Bundle> parse_bundle(std::span<u8 const> file)
{
    if (file.empty()) return Failure{"bundle", "missing (no module was loaded with the loader)"};
    cpio::Reader reader{file};
    std::span<u8 const> parts[part_count]{};
    bool seen[part_count]{};
    for (;;) {
        auto const entry = reader.next();
        if (!entry) return Failure{"bundle", cpio::sentence(entry.error())};
        if (!*entry) break;
        unsigned const part = part_of((**entry).name);
        if (part == part_count) return Failure{"bundle", "has an entry of unknown name"};
        if (seen[part]) return Failure{"bundle", "has the same entry twice"};
        seen[part] = true;
        parts[part] = (**entry).data;
    }
    if (!seen[kernel]) return Failure{"kernel.elf", "missing module: not in the bundle"};
    if (!seen[root_server]) return Failure{"root-server", "missing module: not in the bundle"};
    if (parts[root_server].empty()) return Failure{"root-server", "is empty"};
    auto const text = parts[command_line];
    return Bundle{parts[kernel],
                  parts[root_server],
                  parts[boot_archive],
                  {reinterpret_cast<char const*>(text.data()), text.size()}};
}

} // namespace boot
