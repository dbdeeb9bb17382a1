// Memory, by the name of the instance: greedy-ask asks for more than its quota, greedy-touch
// touches more, greedy-fill leaves a pattern in nearly all it may have, greedy-look looks for other
// people's words in as much. Exit status 0: as it should be.
#include "log/logger.hpp"
#include "protocol/memory.hpp"
#include "text/format.hpp"

#include <string_view>

namespace {

constexpr u64 page = 4096, kept = 64; // pages for code, stack and tables

class Greedy {
    program::Program const& self_;
    logging::Logger log_{self_};

public:
    explicit Greedy(program::Program const& self) : self_{self} {}

    int run(std::string_view what)
    {
        auto const account =
            rpc::call<memory::Memory, memory::Statistics>(rpc::Channel{self_.memory()}, {});
        if (!account) return 1;
        u64 const quota = (*account).quota;
        if (what == "greedy-ask") return allocate(quota + 1).error() == Error::no_memory ? 0 : 1;
        if (what == "greedy-touch") return touch(quota);
        // A page of tables maps 2 MiB.
        return fill(quota - kept - quota / 512, what == "greedy-fill");
    }

private:
    Result<u64> allocate(u64 pages)
    {
        auto const answer = rpc::call<memory::Memory, memory::Allocate>(
            rpc::Channel{self_.memory()}, {pages * page});
        if (!answer) return answer.error();
        return (*answer).address;
    }
    int touch(u64 pages)
    {
        auto const start = allocate(pages);
        if (!start) return 1;
        for (u64 i = 0; i < pages; ++i) *reinterpret_cast<u64 volatile*>(*start + i * page) = i;
        return 2; // its code and stack count, too: it never comes here
    }
    int fill(u64 pages, bool leave)
    {
        auto const start = allocate(pages);
        if (!start) return 1;
        u64 found = 0;
        for (u64 i = 0; i < pages; ++i) {
            auto* const words = reinterpret_cast<u64*>(*start + i * page);
            for (u64 w = 0; w < page / sizeof(u64); ++w) {
                found |= words[w];
                if (leave) words[w] = 0x5ec4'e75e'c4e7'5ec4 ^ i;
            }
            self_.beat(self_.wake().poll());
        }
        log_.info("{} of memory {}", text::size(pages * page),
                  found ? "were not empty" : "were zero");
        return found ? 1 : 0;
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Greedy greedy{self};
    self.ready();
    return greedy.run(self.name());
}
