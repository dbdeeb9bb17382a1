// Lays the file that the upload server left out in this program's own space. Nothing of the file is
// believed; who sealed a segment cannot write it again.
#pragma once

#include "elf/elf.hpp"
#include "guest/place.hpp"
#include "log/logger.hpp"
#include "program/program.hpp"
#include "protocol/memory.hpp"
#include "protocol/upload.hpp"

#include <cstring>

namespace guest {

class Loader {
    program::Program const& self_;
    logging::Logger log_{self_};

public:
    explicit Loader(program::Program const& self) : self_{self} {}

    /// Its entry, when everything is in its place. Ends the program with a line in the log when it
    /// cannot be loaded.
    u64 load()
    {
        auto const* const shared = self_.use("upload").memory<upload::Shared>();
        u32 const bytes = shared ? shared->bytes.load(std::memory_order_acquire) : 0;
        if (bytes == 0 || bytes > upload::max_file) give_up("nothing was uploaded");
        // The headers are copied out and checked once; contents need no check.
        auto const image = elf::Image::parse({shared->file, bytes});
        if (!image) give_up(elf::sentence(image.error()));
        if (char const* const why = refusal(*image)) give_up(why);
        for (elf::Segment const& it : (*image).segments()) place(it);
        return (*image).entry();
    }
    [[noreturn]] void give_up(char const* why)
    {
        log_.error("not started: {}", why);
        runtime::exit(1);
    }

private:
    void place(elf::Segment const& it)
    {
        Pages const pages = pages_of(it);
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
};

} // namespace guest
