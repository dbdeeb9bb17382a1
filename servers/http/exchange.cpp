// One connection's way: watch, receive, respond, and again; or shut down, drain, close. See
// server.hpp.
#include "servers/http/server.hpp"

#include "http/response.hpp"

namespace http_server {

namespace {

constexpr std::string_view error_fields = "Cache-Control: no-store\r\n"
                                          "X-Content-Type-Options: nosniff\r\n";
constexpr u32 max_error = 512;

} // namespace

/// Takes the next step, or queues for room. Errors that are not for want of room mean that the
/// socket is gone.
void Server::advance(Connection& it)
{
    while (it.step != Step::nothing && !it.is_stalled) {
        auto const done = take_step(it);
        if (done) continue;
        if (done.error() == Error::busy || done.error() == Error::no_memory) return stall(it);
        if (it.phase != Phase::closing) enter(it, Phase::closing);
        it.step = Step::nothing;
        if (it.pending == 0) stall(it); // to be freed where nobody holds it
        return;
    }
}

Result<void> Server::take_step(Connection& it)
{
    u32 const index = index_of(it);
    Step next = Step::nothing;
    switch (it.step) {
    case Step::nothing:
        return {};
    case Step::watch:
        TRY(it.stream.receive({}, cookie(index, Kind::watched)));
        break;
    case Step::receive:
        TRY(receive(it));
        break;
    case Step::respond:
        return respond(it);
    case Step::send_content: {
        Body const body = site_.body(it.body);
        TRY(it.stream.send({body.piece.offset, it.content_bytes},
                           cookie(index, Kind::content_sent)));
        break;
    }
    case Step::shut_down:
        TRY(it.stream.shutdown(cookie(index, Kind::shut_down)));
        next = Step::drain;
        break;
    case Step::drain:
        if (!discarded_) TRY(take_buffer(client_.arena(), receive_bytes, discarded_));
        TRY(it.stream.receive(discarded_.piece(), cookie(index, Kind::drained)));
        break;
    case Step::close:
        TRY(it.is_aborted ? it.stream.abort(cookie(index, Kind::closed))
                          : it.stream.close(cookie(index, Kind::closed)));
        break;
    }
    ++it.pending;
    it.step = next;
    return {};
}

// ---- receiving ----

Result<void> Server::receive(Connection& it)
{
    if (receiving_ == max_received) return Error::no_memory;
    net::Buffer buffer;
    TRY(take_buffer(client_.arena(), receive_bytes, buffer));
    TRY(it.stream.receive(buffer.piece(), cookie(index_of(it), Kind::received)));
    it.received = std::move(buffer);
    ++receiving_;
    return {};
}

void Server::on_received(Connection& it, net::Outcome const& outcome)
{
    if (it.phase != Phase::idle && it.phase != Phase::reading) {
        // Too late for a request. The stream's end or failure shows in what is under way.
        if (it.received && it.rest_bytes == 0) drop_received(it);
        return;
    }
    if (outcome.status != net::Status::ok) return close(it);
    if (!it.received) { // there is something
        it.step = Step::receive;
        return advance(it);
    }
    if (outcome.value == 0 || outcome.value > receive_bytes) return close(it); // the end
    it.rest_from = 0;
    it.rest_bytes = outcome.value;
    parse(it);
}

void Server::drop_received(Connection& it)
{
    it.received = {};
    it.rest_bytes = 0;
    --receiving_;
}

/// What was received goes to the request, up to its end.
void Server::parse(Connection& it)
{
    auto const* const data = reinterpret_cast<char const*>(it.received.data()) + it.rest_from;
    auto const taken = static_cast<u32>(it.request.feed({data, it.rest_bytes}));
    it.rest_from += taken;
    it.rest_bytes -= taken;
    if (it.rest_bytes == 0) drop_received(it);
    if (it.request.ended()) {
        enter(it, Phase::responding);
        it.step = Step::respond;
    } else {
        if (it.phase == Phase::idle && it.request.begun()) enter(it, Phase::reading);
        it.step = Step::watch;
    }
    advance(it);
}

// ---- responding ----

/// What is to be said to the request, before its path is looked at.
http::Status Server::judge(Connection const& it) const
{
    http::Request const& request = it.request;
    if (it.is_late) return http::Status::request_timeout;
    if (request.error() != http::Status::ok) return request.error();
    if (request.method() == http::Method::unknown) return http::Status::not_implemented;
    if (request.method() == http::Method::other) return http::Status::method_not_allowed;
    if (request.has_content()) return http::Status::content_too_large;
    return http::Status::ok;
}

Result<void> Server::respond(Connection& it)
{
    http::Request const& request = it.request;
    // Content is not read: the connection cannot go on behind it.
    bool const keep_alive = request.keeps_alive() && !request.has_content() && !it.is_late;
    http::Status const status = judge(it);
    if (status != http::Status::ok) return respond_error(it, status, keep_alive);
    auto const resource = request.path_was_cut() ? std::nullopt : resource_of(request.path());
    if (!resource) return respond_error(it, http::Status::not_found, keep_alive);
    // The start first: without room for it nothing is made.
    net::Buffer start;
    TRY(take_buffer(client_.arena(), http::max_start, start));
    if (!it.has_body) {
        auto const body = site_.open(*resource, now_);
        if (!body) return respond_error(it, http::Status::service_unavailable, keep_alive);
        it.body = *body;
        it.has_body = true;
    }
    text::Line<http::max_start> text;
    http::write_start(text, http::Status::ok, wall_ / 1'000'000'000, keep_alive);
    Body const body = site_.body(it.body);
    bool const head_only = request.method() == http::Method::head;
    it.content_bytes = head_only ? body.fields_bytes : body.piece.bytes;
    TRY(send_start(it, std::move(start), text.view()));
    it.keep_alive = keep_alive;
    it.step = Step::send_content;
    return {};
}

Result<void> Server::respond_error(Connection& it, http::Status status, bool keep_alive)
{
    text::Line<64> content;
    text::format(content, "{} {}\n", static_cast<u16>(status), http::reason(status));
    text::Line<max_error> text;
    http::write_start(text, status, wall_ / 1'000'000'000, keep_alive);
    http::write_content_fields(text, "text/plain; charset=utf-8", content.view().size(),
                               error_fields);
    if (it.request.method() != http::Method::head) text.write(content.view());
    net::Buffer start;
    TRY(take_buffer(client_.arena(), static_cast<u32>(text.view().size()), start));
    TRY(send_start(it, std::move(start), text.view()));
    ++counters_.refused;
    it.keep_alive = keep_alive;
    it.step = Step::nothing;
    return {};
}

Result<void> Server::send_start(Connection& it, net::Buffer buffer, std::string_view text)
{
    u8* to = buffer.data();
    for (char const c : text) *to++ = static_cast<u8>(c);
    TRY(it.stream.send(buffer.piece(0, static_cast<u32>(text.size())),
                       cookie(index_of(it), Kind::start_sent)));
    it.start = std::move(buffer);
    ++it.pending;
    ++counters_.requests;
    return {};
}

/// The start or the content is with the network.
void Server::on_sent(Connection& it, Kind kind)
{
    if (it.phase != Phase::responding) return;
    if (kind == Kind::start_sent) it.start = {};
    bool const more = kind == Kind::start_sent && it.has_body;
    if (more) return;
    let_go(it);
    it.is_late = false;
    if (!it.keep_alive) {
        enter(it, Phase::draining);
        it.step = Step::shut_down;
        return advance(it);
    }
    it.request.reset();
    enter(it, Phase::idle);
    if (it.received) return parse(it); // a request that came too early
    it.step = Step::watch;
    advance(it);
}

// ---- ending ----

void Server::on_drained(Connection& it, net::Outcome const& outcome)
{
    if (it.phase != Phase::draining) return;
    if (outcome.status != net::Status::ok || outcome.value == 0) return close(it);
    it.step = Step::drain;
    advance(it);
}

void Server::close(Connection& it)
{
    if (it.phase == Phase::closing) return;
    enter(it, Phase::closing);
    it.step = Step::close;
    advance(it);
}

/// Buffers and body that no request names any more.
void Server::let_go(Connection& it)
{
    if (it.has_body) site_.close(it.body);
    it.has_body = false;
    it.start = {};
}

} // namespace http_server
