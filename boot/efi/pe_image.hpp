// Finds the bundle inside the loader's own PE image in memory.
// [Microsoft PE Format, "COFF File Header", "Section Table"]
#pragma once

#include "kit/types.hpp"
#include <span>
#include <string_view>

namespace boot::efi {

/// The contents of the section `name` of a PE image in memory; empty when there is none or its
/// headers make no sense. [Microsoft PE Format, "Section Table"]
std::span<u8 const> find_section(std::span<u8 const> image, std::string_view name);

} // namespace boot::efi
