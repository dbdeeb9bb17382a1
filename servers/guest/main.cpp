// A slot for an uploaded program: the loader. It finds the file in the memory that the upload
// server filled, checks it, lays its segments out in its own space and goes on as that program,
// with the same arguments. The program gets no more than this has: what its manifest does not name
// was left out when the slot was started. Nothing of the file is believed; who sealed a segment
// cannot write it again.
#include "elf/elf.hpp"
#include "guest/place.hpp"
#include "log/logger.hpp"
#include "program/program.hpp"
#include "protocol/memory.hpp"
#include "protocol/upload.hpp"

#include <cstring>

extern "C" u8 const __ehdr_start[]; // where we lie (the linker)

namespace {

class Loader {
    program::Program const& self_;
    logging::Logger log_{self_};

public:
    explicit Loader(program::Program const& self) : self_{self} {}

    /// Its entry, when everything is in its place.
    u64 load()
    {
        if (reinterpret_cast<u64>(__ehdr_start) < guest::image_end) give_up("the loader's place");
        auto const* const shared = self_.use("upload").memory<upload::Shared>();
        u32 const bytes = shared ? shared->bytes.load(std::memory_order_acquire) : 0;
        if (bytes == 0 || bytes > upload::max_file) give_up("nothing was uploaded");
        // The headers are copied out and checked once; contents need no check.
        auto const image = elf::Image::parse({shared->file, bytes});
        if (!image) give_up(elf::sentence(image.error()));
        if (char const* const why = guest::refusal(*image)) give_up(why);
        for (elf::Segment const& it : (*image).segments()) place(it);
        return (*image).entry();
    }

private:
    void place(elf::Segment const& it)
    {
        guest::Pages const pages = guest::pages_of(it);
        call<memory::MapImage>({pages.address, pages.bytes});
        if (!it.data.empty())
            std::memcpy(reinterpret_cast<void*>(it.address), it.data.data(), it.data.size());
        if (it.write) return;
        u64 const access = memory::access_read | (it.execute ? memory::access_execute : 0);
        call<memory::Seal>({pages.address, access});
    }
    template <class C> void call(typename C::Args const& args)
    {
        rpc::Channel const memory{self_.memory()};
        if (!rpc::call<memory::Memory, C>(memory, args)) give_up("no memory for it");
    }
    [[noreturn]] void give_up(char const* why)
    {
        log_.error("not started: {}", why);
        runtime::exit(1);
    }
};

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
    Loader loader{self};
    enter(loader.load(), argument);
}
