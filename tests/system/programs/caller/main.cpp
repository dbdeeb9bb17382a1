// Asks a victim to misbehave as its parameter says, and ends with what it was answered as its
// status; or tells when it came to its first line.
#include "program/program.hpp"
#include "protocol/trial.hpp"

int main(void* argument)
{
    u64 const now = __builtin_ia32_rdtsc();
    program::Program const self{argument};
    if (self.value("parameter") == trial::stamp) return static_cast<int>(now & 0x7fff'ffff);
    self.ready();
    auto const answer = program::call<trial::Trial, trial::Misbehave>(self, self.use("trial"),
                                                                      {self.value("parameter")});
    return static_cast<int>(answer.error());
}
