// See grant.hpp.
#include "servers/net/grant.hpp"

namespace net_server {

Grant Grant::of(program::Program const& self, u64 number)
{
    auto const value = [&](char const* name) {
        return static_cast<u32>(self.value("net", number, name));
    };
    Grant grant;
    grant.sockets = value("sockets");
    grant.memory = value("memory");
    grant.rate = value("rate");
    u32 const rules = value("rules");
    grant.rules = rules < max_rules ? rules : max_rules;
    for (u32 i = 0; i < grant.rules; ++i) {
        char name[] = "00.a"; // "7.a" begins at its second digit
        name[0] = static_cast<char>('0' + i / 10);
        name[1] = static_cast<char>('0' + i % 10);
        char* const text = i < 10 ? name + 1 : name;
        u64 word[3];
        for (u32 part = 0; part < 3; ++part) {
            name[3] = static_cast<char>('a' + part);
            word[part] = self.value("net", number, text);
        }
        grant.rule[i] = Rule::of(word[0], word[1], word[2]);
    }
    return grant;
}

} // namespace net_server
