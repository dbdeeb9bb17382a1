// Ends as soon as it is ready, until the supervisor has had enough of it.
#include "program/program.hpp"

int main(void* argument)
{
    program::Program const self{argument};
    self.ready();
    return 9;
}
