// The command net: interfaces as protocol netconf tells and sets them.
#include "net/address.hpp"
#include "nic/address.hpp"
#include "servers/shell/shell.hpp"

namespace shell {

namespace {

using netconf::GetInterface;

std::string_view state_text(u32 state)
{
    switch (static_cast<netconf::State>(state)) {
    case netconf::State::no_driver:
        return "no driver";
    case netconf::State::down:
        return "down";
    case netconf::State::no_link:
        return "no link";
    case netconf::State::configuring:
        return "configuring";
    case netconf::State::up:
        return "up";
    }
    return "?";
}

void write_addresses(text::Writer& out, GetInterface::Reply const& it)
{
    for (u32 i = 0; i < it.address_count && i < netconf::addresses_per_interface; ++i) {
        if (i > 0) out.write(' ');
        net::write_address(out, it.address[i]);
        text::format(out, "/{}", it.prefix[i]);
    }
}

int list(Shell& shell)
{
    Table table{shell.out,
                {{"name", 5},
                 {"model", 11},
                 {"state", 11},
                 {"speed", 6, true},
                 {"mac", 17},
                 {"gateway", 10},
                 {"gateway6", 24},
                 {"received", 9, true},
                 {"sent", 9, true},
                 {"dropped", 7, true},
                 {"errors", 6, true},
                 {"drivers", 7, true},
                 {"offload", 7},
                 {"addresses", 40}},
                shell.json};
    for (u64 number = 0;; ++number) {
        auto it = shell.network<GetInterface>({number});
        if (!it) {
            table.end();
            return it.error() == Error::not_found ? 0 : shell.fail("net", it.error());
        }
        text::Line<48> gateway, gateway6;
        if (!net::is_any(it->gateway4)) net::write_address(gateway, it->gateway4);
        if (!net::is_any(it->gateway6)) net::write_address(gateway6, it->gateway6);
        text::Line<240> addresses;
        write_addresses(addresses, *it);
        u8 mac[6];
        for (u32 i = 0; i < sizeof mac; ++i) mac[i] = it->hardware_address[i];
        nic::AddressText const mac_text{mac};
        table.row({text::value(text_of(it->name)), text::value(text_of(it->model)),
                   text::value(state_text(it->state)), text::value(it->speed_mbit),
                   text::value(mac_text.text), text::value(gateway.view()),
                   text::value(gateway6.view()), text::size(it->received_bytes),
                   text::size(it->sent_bytes), text::value(it->received_dropped),
                   text::value(it->received_errors + it->sent_errors),
                   text::value(it->driver_changes + 1), text::value(it->offload ? "on" : "off"),
                   text::value(addresses.view())});
    }
}

int list_name_servers(Shell& shell)
{
    auto const it = shell.network<netconf::GetSettings>({});
    if (!it) return shell.fail("net", it.error());
    Table table{shell.out, {{"server", 40}}, shell.json};
    for (u32 i = 0; i < it->name_servers && i < netconf::max_name_servers; ++i) {
        text::Line<48> server;
        net::write_address(server, it->name_server[i]);
        table.row({text::value(server.view())});
    }
    table.end();
    return 0;
}

/// The number of the interface called `name`, or ~0 after saying that there is none.
u64 find_interface(Shell& shell, std::string_view name)
{
    for (u64 number = 0;; ++number) {
        auto it = shell.network<GetInterface>({number});
        if (it && text_of(it->name) == name) return number;
        if (it) continue;
        shell.fail(name, it.error());
        return ~u64{0};
    }
}

/// "10.0.2.15/24"; a prefix must be there.
bool parse_prefixed(std::string_view text, netconf::SetAddress::Args& out)
{
    auto const slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    auto address = net::parse_address({text.data(), slash});
    u64 prefix = 0;
    text.remove_prefix(slash + 1);
    if (!address || !net::is_ipv4(*address) || !text::parse(text, prefix) || prefix > 32)
        return false;
    out.address = *address;
    out.prefix = static_cast<u32>(prefix);
    return true;
}

int set_fixed(Shell& shell, Words& words, u64 number)
{
    netconf::SetAddress::Args args{};
    args.number = number;
    args.method = static_cast<u32>(netconf::Method::fixed);
    if (words.count < 4 || !parse_prefixed(words[3], args)) return wrong_use;
    for (usize i = 4; i < words.count; ++i) {
        auto address = net::parse_address(words[i]);
        if (!address) return shell.fail(words[i], address.error());
        (i == 4 ? args.gateway : args.name_server) = *address;
    }
    auto const done = shell.network<netconf::SetAddress>(args);
    return done ? 0 : shell.fail(words[2], done.error());
}

int set_dhcp(Shell& shell, Words& words, u64 number)
{
    netconf::SetAddress::Args args{};
    args.number = number;
    args.method = static_cast<u32>(netconf::Method::dhcp);
    auto const done = shell.network<netconf::SetAddress>(args);
    return done ? 0 : shell.fail(words[2], done.error());
}

int set_offload(Shell& shell, Words& words, u64 number)
{
    if (words.count < 4 || (words[3] != "on" && words[3] != "off")) return wrong_use;
    auto const done = shell.network<netconf::SetOffload>({number, words[3] == "on"});
    return done ? 0 : shell.fail(words[2], done.error());
}

} // namespace

int net(Shell& shell, Words& words)
{
    if (words.count < 2 || words[1] == "list") return list(shell);
    if (words[1] == "dns" && words.count == 2) return list_name_servers(shell);
    if (words.count < 3) return wrong_use;
    std::string_view const what = words[1];
    bool const up = what == "up";
    if (!up && what != "down" && what != "dhcp" && what != "static" && what != "offload")
        return wrong_use;
    u64 const number = find_interface(shell, words[2]);
    if (number == ~u64{0}) return failed;
    if (what == "offload") return set_offload(shell, words, number);
    if (what == "static") return set_fixed(shell, words, number);
    if (what == "dhcp") return set_dhcp(shell, words, number);
    auto const done = shell.network<netconf::SetUp>({number, up});
    return done ? 0 : shell.fail(words[2], done.error());
}

} // namespace shell
