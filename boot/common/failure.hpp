// Why booting ends: which thing is at fault, and what is wrong with it, both in words.
#pragma once

#include "kit/result.hpp"

namespace boot {

struct Failure {
    char const* which = nullptr; ///< e.g. "kernel.elf"
    char const* what = nullptr;  ///< e.g. "malformed ELF: overlapping segments"
};

template <class T> using Checked = Result<T, Failure>;

} // namespace boot
