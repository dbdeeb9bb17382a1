// What the upload server and a slot for uploaded programs (servers/guest) share: the program's
// file, which the slot only reads. The server writes it while the slot does not run.
#pragma once

#include "kit/types.hpp"
#include <atomic>

namespace upload {

inline constexpr u32 max_file = 1 << 20; ///< bytes of an uploaded program

/// All zero at first.
struct Shared {
    std::atomic<u32> bytes; ///< of the file; 0: there is none
    u8 reserved[4092];
    u8 file[max_file];
};
static_assert(sizeof(Shared) == 4096 + max_file);

} // namespace upload
