// What becomes of a request: the token, the manifest, the file, a slot, and a line in the ledger.
// The connection it comes over is server.hpp's.
#pragma once

#include "log/logger.hpp"
#include "program/time.hpp"
#include "servers/upload/head.hpp"
#include "servers/upload/slots.hpp"
#include "servers/upload/token.hpp"

namespace upload_server {

/// What is answered to a request.
struct Answer {
    u32 status = 0;
    text::Line<uploads::outcome_bytes> text;
    void set(u32 number, std::string_view why)
    {
        status = number;
        text.clear();
        text.write(why);
    }
};

class Desk {
public:
    Desk(program::Program const& self, Kept& kept);

    // For the shell.

    Result<uploads::On::Reply> turn_on();
    void turn_off() { token_.end(); }
    Result<void> stop(std::string_view name) { return slots_.stop(name); }
    Result<Line> line(u64 index) { return ledger_.find(index); }

    // For the server.

    /// Whether requests are taken now; when that ends by itself, 0: it does not.
    bool is_on() const { return token_.is_valid(clock_.now()); }
    u64 ends() const { return token_.ends(); }
    u64 now() const { return clock_.now(); }
    /// A head came: whether its content is wanted. If not, `answer` says why.
    bool admit(Head const& head, Answer& answer);
    /// All of it came: starts the program, or says why not.
    void take(Head const& head, std::string_view manifest, std::span<u8 const> file,
              Answer& answer);
    void cannot_listen(net::Status status);
    /// How a request ended, for the ledger. `head`: as far as it came.
    void note(net::Peer const& peer, Head const& head, std::span<u8 const> file,
              Answer const& answer);

private:
    bool check(Head const& head, std::string_view text, Manifest& manifest,
               std::span<u8 const> file, Answer& answer) const;

    program::Program const& self_;
    program::Use entropy_;
    program::Clock clock_;
    logging::Logger log_;
    Token token_;
    Ledger ledger_;
    Slots slots_;
};

} // namespace upload_server
