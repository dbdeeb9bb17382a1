// The one file that a loader gets besides itself: a cpio archive (newc) with the kernel, the
// root server, perhaps a boot archive, and the command line. scripts/gen/image.py writes it.
#pragma once

#include "boot/common/failure.hpp"
#include <span>
#include <string_view>

namespace boot {

struct Bundle {
    std::span<u8 const> kernel;       ///< "kernel.elf"
    std::span<u8 const> root_server;  ///< "root-server"
    std::span<u8 const> boot_archive; ///< "boot-archive"; empty when there is none
    std::string_view command_line;    ///< "cmdline"
};

/// Takes the bundle apart. The views point into it.
/// @error no bundle, a bad archive, a missing, repeated or unknown entry
Checked<Bundle> parse_bundle(std::span<u8 const> file);

} // namespace boot
