// Commands that use the network: ping, ping6, dns, httpget; nc.cpp: nc.
#include "servers/shell/network.hpp"

#include "kit/sha256.hpp"
#include "servers/shell/http.hpp"
#include "text/clean.hpp"

namespace shell {

std::string_view status_text(net::Status status)
{
    constexpr std::string_view text[] = {
        "no error",
        "the request makes no sense",
        "no rule in the manifest allows it",
        "the shell's share is used up",
        "in use",
        "refused",
        "the connection was reset, or the network server is gone",
        "unreachable",
        "timed out",
        "closed",
        "given up",
        "not found",
        "too long",
    };
    auto const index = static_cast<usize>(status);
    return index < std::size(text) ? text[index] : "unknown status";
}

namespace {

text::Line<40>& write(text::Line<40>& line, net::Address const& address)
{
    net::write_address(line, address);
    return line;
}

} // namespace

void write_lines(Session& out, std::string_view text)
{
    while (!text.empty()) {
        if (text.front() == '\n') out.write("\r\n");
        char piece[128];
        bool const control = text.front() == '\n' || text.front() == '\r';
        usize length = 0;
        while (!control && length < text.size() && length < sizeof piece && text[length] != '\n' &&
               text[length] != '\r')
            ++length;
        out.write({piece, text::copy_clean(piece, length, text)});
        text.remove_prefix(control ? 1 : length);
    }
}

Network* Network::of(Shell& shell)
{
    static Tables tables;
    alignas(Network) static u8 memory[sizeof(Network)];
    static Network* made = nullptr;
    program::Use const use = shell.program().use("net");
    if (!use || use.shared == nullptr || !shell.out.clock().is_set()) {
        shell.out.write("there is no network, or no clock\r\n");
        return nullptr;
    }
    if (made == nullptr) made = new (memory) Network{shell, use, tables};
    return made;
}

net::Ended<void> Network::begin(u64 seconds)
{
    blocking_.set_deadline(now() + seconds * second);
    return blocking_.online();
}

net::Ended<net::Address> Network::find(std::string_view name, u32 family)
{
    net::Address address{};
    TRY(blocking_.resolve(name, family, {&address, 1}));
    return address;
}

int Network::fail(std::string_view what, net::Status why)
{
    shell_.out.print("{}: {}\r\n", what, status_text(why));
    return why == net::Status::canceled ? interrupted : failed;
}

namespace {

int ping_family(Shell& shell, Words& words, u32 family)
{
    Network* const network = Network::of(shell);
    if (network == nullptr) return failed;
    u64 count = 4;
    if (words.count > 2 && !text::parse(words[2], count)) return wrong_use;
    if (auto const online = network->begin(20); !online)
        return network->fail(words[1], online.error());
    auto const address = network->find(words[1], family);
    if (!address) return network->fail(words[1], address.error());
    text::Line<40> name;
    write(name, *address);
    u64 answered = 0;
    for (u64 i = 0; i < count; ++i) {
        if (i > 0 && !shell.out.sleep(1000)) return interrupted;
        network->blocking().set_deadline(network->now() + 5 * Network::second);
        auto const echo = network->blocking().ping(*address, 56);
        if (echo) {
            ++answered;
            shell.out.print("{}: {}\r\n", name.view(), text::time(*echo));
        } else {
            int const status = network->fail(name.view(), echo.error());
            if (status == interrupted || echo.error() == net::Status::denied) return status;
        }
    }
    shell.out.print("{} of {} answered\r\n", answered, count);
    return answered > 0 ? 0 : failed;
}

} // namespace

int ping(Shell& shell, Words& words)
{
    return ping_family(shell, words, 4);
}

int ping6(Shell& shell, Words& words)
{
    return ping_family(shell, words, 6);
}

int dns(Shell& shell, Words& words)
{
    Network* const network = Network::of(shell);
    if (network == nullptr) return failed;
    if (auto const online = network->begin(20); !online)
        return network->fail(words[1], online.error());
    net::Address list[net::max_addresses];
    auto const count = network->blocking().resolve(words[1], 0, list);
    if (!count) return network->fail(words[1], count.error());
    for (u32 i = 0; i < *count; ++i) {
        text::Line<40> line;
        shell.out.print("{}\r\n", write(line, list[i]).view());
    }
    return 0;
}

namespace {

/// Reads an answer to its end. What came with it goes to the screen unless `quiet`.
net::Ended<void> read_answer(Shell& shell, Network& network, net::Stream& stream,
                             HttpAnswer& answer, bool quiet)
{
    static u8 buffer[16 << 10];
    kit::Sha256 hash;
    u64 const from = network.now();
    for (;;) {
        network.blocking().set_deadline(network.now() + 30 * Network::second);
        u32 const bytes = TRY(network.blocking().receive_some(stream, buffer));
        if (bytes == 0) break;
        std::string_view const body = answer.take({reinterpret_cast<char*>(buffer), bytes});
        hash.update({reinterpret_cast<u8 const*>(body.data()), body.size()});
        if (!quiet) write_lines(shell.out, body);
    }
    u64 const microseconds = (network.now() - from) / 1000 + 1;
    text::Line<64> digest;
    for (u8 const each : hash.finish()) {
        digest.write("0123456789abcdef"[each >> 4]);
        digest.write("0123456789abcdef"[each & 15]);
    }
    shell.out.print("\r\nstatus {}, {} bytes in {}, {} kbit/s, sha256 {}\r\n", answer.status(),
                    answer.body_bytes(), text::time(microseconds),
                    answer.body_bytes() * 8000 / microseconds, digest.view());
    return {};
}

} // namespace

int httpget(Shell& shell, Words& words)
{
    bool const quiet = words.take("-q");
    auto const url = parse_url(words[1]);
    if (!url) {
        shell.out.print("{}: not a URL of the form http://host[:port][/path]\r\n", words[1]);
        return wrong_use;
    }
    Network* const network = Network::of(shell);
    if (network == nullptr) return failed;
    if (auto const online = network->begin(30); !online)
        return network->fail(words[1], online.error());
    auto const address = network->find(url->host, 0);
    if (!address) return network->fail(url->host, address.error());
    net::Stream stream;
    auto const connected = network->blocking().connect({*address, url->port}, stream);
    if (!connected) return network->fail(url->host, connected.error());
    text::Line<1024> request;
    text::format(request, "GET {} HTTP/1.0\r\nHost: {}\r\n\r\n", url->path, url->authority);
    if (request.was_cut()) return network->fail(words[1], net::Status::too_long);
    if (auto const sent = network->blocking().send_all(stream, request.view()); !sent)
        return network->fail(words[1], sent.error());
    HttpAnswer answer;
    auto const read = read_answer(shell, *network, stream, answer, quiet);
    if (!read) return network->fail(words[1], read.error());
    if (!answer.is_whole()) {
        shell.out.print("{}: the connection ended before the answer did\r\n", words[1]);
        return failed;
    }
    return answer.status() >= 200 && answer.status() < 300 ? 0 : failed;
}

} // namespace shell
