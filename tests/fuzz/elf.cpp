// Fuzzes libs/elf, raw and as edits to a sound file: what parse() accepts keeps its promises.
#include "elf/elf.hpp"

#include "../unit/libs/elf_file.hpp"
#include <cstdlib>

namespace {

void check(std::span<u8 const> file)
{
    auto image = elf::Image::parse(file);
    if (image && !test::promises_hold(*image, file)) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    check({data, size});
    // Each 3 bytes of input: a 16-bit offset among the headers, and what to write there.
    static auto const sound = test::ElfFile{}.bytes();
    auto edited = sound;
    for (usize at = 0; at + 3 <= size; at += 3)
        edited[(data[at] | data[at + 1] << 8) % 176] = data[at + 2];
    check(edited);
    return 0;
}
