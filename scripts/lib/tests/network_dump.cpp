// Prints what each client of protocol `net` may do, as the server will read it from its arguments:
// for test_manifest_network.py to compare with what the manifest says.
#include "composition/reader.hpp"
#include "protocol/net.hpp"
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace composition;

namespace {

std::vector<char> read_file(char const* path)
{
    std::vector<char> bytes;
    std::FILE* const file = std::fopen(path, "rb");
    if (!file) std::exit(1);
    for (int c; (c = std::fgetc(file)) != EOF;) bytes.push_back(static_cast<char>(c));
    std::fclose(file);
    return bytes;
}

/// The argument of this name; ends the program when there is none.
u64 number(Reader const& reader, Program const& program, std::string const& name)
{
    for (Grant const& it : reader.grants(program))
        if (it.kind == GrantKind::number && name == it.name) return it.value;
    std::printf("no argument %s\n", name.c_str());
    std::exit(1);
}

void print_rule(net::Rule const& rule)
{
    std::printf("%u %u %u %u %u ", static_cast<unsigned>(rule.what), rule.protocol, rule.prefix,
                rule.first_port, rule.last_port);
    for (u8 const byte : rule.address.byte) std::printf("%02x", byte);
    std::puts("");
}

void print_clients(Reader const& reader, Program const& server)
{
    u64 const clients = number(reader, server, "net.clients");
    for (u64 n = 0; n < clients; ++n) {
        auto const value = [&](std::string const& name) {
            return number(reader, server, "net." + std::to_string(n) + "." + name);
        };
        u64 const peer = value("peer"), rules = value("rules");
        std::printf("client %s %llu %llu %llu %llu\n", reader.programs()[peer].name,
                    static_cast<unsigned long long>(value("sockets")),
                    static_cast<unsigned long long>(value("memory")),
                    static_cast<unsigned long long>(value("rate")),
                    static_cast<unsigned long long>(rules));
        for (u64 m = 0; m < rules; ++m) {
            std::string const rule = std::to_string(m);
            print_rule(net::Rule::of(value(rule + ".a"), value(rule + ".b"), value(rule + ".c")));
        }
    }
}

} // namespace

/// network_dump FILE PROGRAM: of that program's clients.
int main(int, char** arguments)
{
    auto const bytes = read_file(arguments[1]);
    auto const reader = Reader::open({reinterpret_cast<u8 const*>(bytes.data()), bytes.size()});
    if (!reader) return 1;
    for (Program const& program : (*reader).programs())
        if (std::string{program.name} == arguments[2]) print_clients(*reader, program);
}
