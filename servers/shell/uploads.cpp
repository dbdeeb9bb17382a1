// The command upload: programs over HTTP, into slots (servers/upload).
#include "clock/calendar.hpp"
#include "net/address.hpp"
#include "servers/shell/shell.hpp"

#include <cstring>

namespace shell {

namespace {

using Line = uploads::Entry::Reply;

void write_time(text::Writer& out, u64 wall_ns)
{
    auto const date = calendar::date_of(static_cast<i64>(wall_ns / 1'000'000'000));
    text::format(out, "{0>4}-{0>2}-{0>2} {0>2}:{0>2}:{0>2}", date.year, date.month, date.day,
                 date.hour, date.minute, date.second);
}

void write_digest(text::Writer& out, u8 const (&digest)[32])
{
    for (u8 const byte : digest) {
        out.write("0123456789abcdef"[byte >> 4]);
        out.write("0123456789abcdef"[byte & 15]);
    }
}

/// What was not received has none.
bool is_zero(u8 const (&digest)[32])
{
    for (u8 const byte : digest)
        if (byte != 0) return false;
    return true;
}

int on(Shell& shell)
{
    auto const reply = shell.uploads<uploads::On>({});
    if (!reply) return shell.fail("upload", reply.error());
    shell.out.print("POST /programs/NAME at port {}, once, within {} s, with\r\n"
                    "X-Hypercore-Token: {}\r\n",
                    reply->port, reply->seconds, text_of(reply->token));
    return 0;
}

int list(Shell& shell)
{
    Table table{shell.out,
                {{"time", 19},
                 {"peer", 21},
                 {"name", 14},
                 {"size", 6, true},
                 {"status", 6, true},
                 {"count", 5, true},
                 {"outcome", 40},
                 {"sha256", 64}},
                shell.json};
    for (u64 index = 0;; ++index) {
        auto const line = shell.uploads<uploads::Entry>({index});
        if (!line) {
            table.end();
            return line.error() == Error::not_found ? 0 : shell.fail("upload", line.error());
        }
        text::Line<24> time;
        text::Line<48> peer;
        text::Line<64> digest;
        write_time(time, line->wall_ns);
        net::write_endpoint(peer, {line->peer, static_cast<u16>(line->port)});
        if (!is_zero(line->sha256)) write_digest(digest, line->sha256);
        table.row({text::value(time.view()), text::value(peer.view()),
                   text::value(text_of(line->name)), text::size(line->bytes),
                   text::value(line->status), text::value(line->count),
                   text::value(text_of(line->outcome)), text::value(digest.view())});
    }
}

int stop(Shell& shell, std::string_view name)
{
    uploads::Stop::Args args{};
    if (name.size() >= sizeof args.name) return shell.fail(name, Error::not_found);
    std::memcpy(args.name, name.data(), name.size());
    auto const done = shell.uploads<uploads::Stop>(args);
    return done ? 0 : shell.fail(name, done.error());
}

} // namespace

int upload(Shell& shell, Words& words)
{
    if (words[1] == "on" && words.count == 2) return on(shell);
    if (words[1] == "list" && words.count == 2) return list(shell);
    if (words[1] == "stop" && words.count == 3) return stop(shell, words[2]);
    if (words[1] != "off" || words.count != 2) return wrong_use;
    auto const done = shell.uploads<uploads::Off>({});
    return done ? 0 : shell.fail("upload", done.error());
}

} // namespace shell
