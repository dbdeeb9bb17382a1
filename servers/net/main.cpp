// The net server: lwIP between network cards and sockets. README.md says what it may do and what
// survives it; docs/architecture/network.md how its parts work together.
#include "servers/net/server.hpp"

int main(void* argument)
{
    static program::Program const self{argument};
    static net_server::Server server{self};
    program::serve(self, server);
}
