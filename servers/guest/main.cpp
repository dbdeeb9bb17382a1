// A slot for an uploaded program: the loader. It finds the file in the memory that the upload
// server filled, checks it, lays its segments out in its own space and goes on as that program,
// with the same arguments. The program gets no more than this has: what its manifest does not name
// was left out when the slot was started.
#include "loader.hpp"

extern "C" u8 const __ehdr_start[]; // where we lie (the linker)

namespace {

/// Nothing of ours is needed any more: the program brings its stack.
[[noreturn]] void enter(u64 entry, void* argument)
{
    asm volatile("jmp *%0" : : "r"(entry), "D"(argument) : "memory");
    __builtin_unreachable();
}

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    guest::Loader loader{self};
    if (reinterpret_cast<u64>(__ehdr_start) < guest::image_end)
        loader.give_up("the loader's place");
    enter(loader.load(), argument);
}
