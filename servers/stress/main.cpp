// Load for the monitor shell's command stress. Which one is in the instance's name: stress-cpu
// computes, stress-mem walks over "parameter" MiB and checks what it finds, stress-ipc Calls the
// memory-manager. Each goes on until it is killed, and answers heartbeats.
#include "log/logger.hpp"
#include "program/program.hpp"
#include "protocol/memory.hpp"
#include <string_view>

namespace {

program::Program const* self;

/// Between two pieces of work of some milliseconds at most.
void between()
{
    self->beat(self->wake().poll());
}

/// A number that looks random and depends on all of what went in. [Steele, Lea, Flood: "Fast
/// splittable pseudorandom number generators", SplitMix64]
constexpr u64 mixed(u64 x)
{
    x = (x ^ x >> 30) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ x >> 27) * 0x94d0'49bb'1331'11eb;
    return x ^ x >> 31;
}

[[noreturn]] void compute()
{
    for (u64 sum = 1;; between())
        for (int i = 0; i < 100'000; ++i) {
            sum = mixed(sum);
            asm volatile("" : "+r"(sum));
        }
}

/// Writes a word of each page that says where and when it was written, and checks it one round
/// later: memory that was swapped, or mixed up, is found.
[[noreturn]] void walk(logging::Logger& logger)
{
    constexpr u64 page = 4096, mebibyte = 1 << 20;
    u64 const bytes = self->value("parameter", 1) * mebibyte;
    auto const memory =
        rpc::call<memory::Memory, memory::Allocate>(rpc::Channel{self->memory()}, {.bytes = bytes});
    if (!memory) {
        logger.error("{} are refused", text::size(bytes));
        runtime::exit(1);
    }
    auto* const start = reinterpret_cast<u64 volatile*>((*memory).address);
    for (u64 round = 0;; ++round) {
        u64 wrong = 0;
        for (u64 at = 0; at < bytes; at += page) {
            u64 volatile& word = start[at / sizeof(u64)];
            if (word != (round == 0 ? 0 : mixed(at + round))) ++wrong;
            word = mixed(at + round + 1);
            if (at % mebibyte == 0) between();
        }
        if (wrong > 0) logger.error("round {}: {} pages are not as they were left", round, wrong);
    }
}

[[noreturn]] void call()
{
    for (;; between())
        for (int i = 0; i < 1000; ++i) {
            auto const answer =
                rpc::call<memory::Memory, memory::Statistics>(rpc::Channel{self->memory()}, {});
            if (!answer) runtime::exit(1);
        }
}

} // namespace

int main(void* argument)
{
    static program::Program const program{argument};
    self = &program;
    logging::Logger logger{program};
    program.ready();
    std::string_view const name{program.name()};
    logger.info("starts");
    if (name.ends_with("-cpu")) compute();
    if (name.ends_with("-ipc")) call();
    walk(logger);
}
