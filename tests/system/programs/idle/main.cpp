// The smallest program of the system: says that it is ready, answers heartbeats, does nothing.
// Tests end and replace it; it is also what a new program can start from.
#include "program/program.hpp"

namespace {

struct Idle {
    void on_signal(u64) {}
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    Idle idle;
    program::serve_signals(self, idle);
}
