// A bystander of fault injection: memory that nobody else has any business with, full of a pattern.
// Protocol `trial`: Echo answers the value as it was while the pattern is whole.
#include "program/program.hpp"
#include "protocol/trial.hpp"

namespace {

constexpr usize words = 16384;

class Canary {
    u64 memory_[words];

    static constexpr u64 pattern(usize n) { return (n + 1) * 0x9e37'79b9'7f4a'7c15; }

public:
    Canary()
    {
        for (usize n = 0; n < words; ++n) memory_[n] = pattern(n);
    }
    void on_signal(u64) {}
    void on_call(u64, u64 client, rpc::Message& message)
    {
        rpc::dispatch(trial::Trial{}, *this, {client}, message);
    }
    Result<trial::Echo::Reply> on(trial::Echo, trial::Echo::Args const& args, rpc::Client)
    {
        u64 difference = 0;
        for (usize n = 0; n < words; ++n) difference |= memory_[n] ^ pattern(n);
        return trial::Echo::Reply{args.value ^ difference};
    }
    Result<trial::Misbehave::Reply> on(trial::Misbehave, trial::Misbehave::Args const&, rpc::Client)
    {
        return Error::not_supported;
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Canary canary;
    program::serve(self, canary);
}
