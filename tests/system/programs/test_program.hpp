// What a program that tests something from inside begins with, and how it ends: a line in its log,
// exit status 1 when something is wrong.
#pragma once

#include "log/logger.hpp"

namespace test_program {

class Base {
protected:
    program::Program const& self_;
    logging::Logger log_{self_};

    explicit Base(program::Program const& self) : self_{self} {}

    [[noreturn]] void fail(char const* what)
    {
        log_.error("failed: {}", what);
        runtime::exit(1);
    }
};

/// What main does: its exit status is what `run()` answers.
template <class Test> int run(void* argument)
{
    program::Program const self{argument};
    static Test test{self};
    self.ready();
    return test.run();
}

} // namespace test_program
