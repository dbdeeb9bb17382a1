// See server.hpp. There is one stream; a new one is accepted only when every request of the last
// has ended, so buffers have one user at a time.
#include "servers/upload/server.hpp"

#include <cstring>

namespace upload_server {

namespace {

constexpr u32 receive_bytes = 16 << 10, answer_room = 512, backlog = 4;

constexpr std::string_view reason(u32 status)
{
    switch (status) {
    case 201:
        return "Created";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Internal Server Error";
    }
}

} // namespace

u64 Server::poll()
{
    for (net::Outcome outcome; client_.next(outcome);) on_outcome(outcome);
    if (client_.online() && epoch_ != client_.epoch()) { // nothing that was under way will end
        epoch_ = client_.epoch();
        pending_ = 0;
        rest();
    }
    if (desk_.now() >= deadline()) on_deadline();
    follow_desk();
    take_steps();
    client_.wake_server();
    u64 const end = deadline();
    return desk_.ends() != 0 && desk_.ends() < end ? desk_.ends() : end;
}

void Server::rest()
{
    stream_ = {};
    listener_ = {};
    enter(Phase::off, Step::nothing);
}

/// Listens when it should and did not, and the other way round. An answer under way is sent.
void Server::follow_desk()
{
    if (!desk_.is_on()) desk_.turn_off(); // its time may be over
    if (!client_.online()) return;
    if (desk_.is_on()) {
        if (phase_ == Phase::off && desk_.now() >= retry_at_) enter(Phase::opening, Step::bind);
        return;
    }
    if (phase_ == Phase::opening || phase_ == Phase::waiting) return rest();
    if (phase_ != Phase::head && phase_ != Phase::content) return;
    answer_.set(403, "uploads are off");
    answer();
}

void Server::enter(Phase phase, Step step)
{
    phase_ = phase;
    step_ = step;
    since_ = desk_.now();
}

// ---- asking ----

void Server::take_steps()
{
    while (step_ != Step::nothing) {
        auto const done = take_step();
        if (done) continue;
        if (done.error() == Error::busy || done.error() == Error::no_memory ||
            done.error() == Error::absent)
            return; // once more when woken
        if (phase_ != Phase::opening) {
            end_connection();
            continue;
        }
        retry_at_ = desk_.now() + retry_time;
        rest();
    }
}

Result<void> Server::take_buffers()
{
    if (in_ && out_) return {};
    auto in = net::Buffer::take(client_.arena(), receive_bytes);
    auto out = net::Buffer::take(client_.arena(), answer_room);
    if (!in || !out) return Error::no_memory;
    in_ = std::move(*in);
    out_ = std::move(*out);
    return {};
}

Result<void> Server::take_step()
{
    auto const cookie = [](Kind kind) { return static_cast<u64>(kind); };
    Step next = Step::nothing;
    switch (step_) {
    case Step::nothing:
        return {};
    case Step::bind:
        if (pending_ > 0) return Error::busy; // buffers have one user at a time
        TRY(take_buffers());
        if (!listener_) TRY(net::Listener::open(client_, listener_));
        TRY(listener_.bind({net::any_address, port}, cookie(Kind::listener)));
        next = Step::listen;
        break;
    case Step::listen:
        TRY(listener_.listen(backlog, cookie(Kind::listener)));
        next = Step::accept;
        break;
    case Step::accept:
        TRY(listener_.accept(stream_, out_.piece(0, sizeof(net::Peer)), cookie(Kind::accepted)));
        enter(Phase::waiting, Step::nothing);
        break;
    case Step::receive:
        TRY(stream_.receive(in_.piece(), cookie(Kind::received)));
        break;
    case Step::send:
        TRY(stream_.send(out_.piece(0, answer_bytes_), cookie(Kind::sent)));
        break;
    case Step::shut_down:
        TRY(stream_.shutdown(cookie(Kind::shut_down)));
        break;
    case Step::close:
        TRY(stream_.close(cookie(Kind::closed)));
        break;
    case Step::abort:
        TRY(stream_.abort(cookie(Kind::closed)));
        break;
    }
    ++pending_;
    step_ = next;
    return {};
}

// ---- outcomes ----

void Server::on_outcome(net::Outcome const& outcome)
{
    if (pending_ > 0) --pending_;
    bool const ok = outcome.status == net::Status::ok;
    switch (static_cast<Kind>(outcome.cookie)) {
    case Kind::listener:
        if (ok || phase_ == Phase::off) return;
        desk_.cannot_listen(outcome.status);
        retry_at_ = desk_.now() + retry_time;
        return rest();
    case Kind::accepted:
        return on_accepted(ok);
    case Kind::received:
        return on_received(outcome);
    case Kind::sent:
        if (phase_ != Phase::answering) return;
        if (ok)
            step_ = Step::shut_down;
        else
            enter(Phase::closing, Step::close);
        return;
    case Kind::shut_down:
        if (phase_ == Phase::answering) enter(Phase::draining, Step::receive);
        return;
    case Kind::closed:
        break;
    }
    if (phase_ == Phase::closing && pending_ == 0) end_connection();
}

void Server::on_accepted(bool ok)
{
    if (phase_ != Phase::waiting) return;
    if (!ok) {
        retry_at_ = desk_.now() + retry_time;
        return rest();
    }
    std::memcpy(&peer_, out_.data(), sizeof peer_);
    head_ = {};
    head_fill_ = content_fill_ = 0;
    enter(Phase::head, Step::receive);
}

void Server::on_received(net::Outcome const& outcome)
{
    bool const wanted = phase_ == Phase::head || phase_ == Phase::content;
    if (!wanted && phase_ != Phase::draining) {
        if (phase_ == Phase::closing && pending_ == 0) end_connection();
        return;
    }
    if (outcome.status != net::Status::ok || outcome.value == 0 || outcome.value > in_.size()) {
        if (wanted) {
            answer_.set(400, "the connection ended too early");
            desk_.note(peer_, head_, {}, answer_);
        }
        return enter(Phase::closing, Step::close);
    }
    step_ = Step::receive;
    if (wanted) use({in_.data(), outcome.value});
}

/// The stream has ended, or could not be closed: on to the next.
void Server::end_connection()
{
    stream_ = {};
    if (desk_.is_on() && listener_ && pending_ == 0)
        enter(Phase::opening, Step::accept);
    else
        rest();
}

// ---- a request ----

void Server::use(std::span<u8 const> bytes)
{
    if (phase_ == Phase::head)
        use_head(bytes);
    else if (phase_ == Phase::content)
        use_content(bytes);
}

void Server::use_head(std::span<u8 const> bytes)
{
    usize const room = sizeof head_text_ - head_fill_;
    usize const taken = std::min(bytes.size(), room);
    std::memcpy(head_text_ + head_fill_, bytes.data(), taken);
    usize const before = head_fill_;
    head_fill_ += static_cast<u32>(taken);
    usize const end = head_bytes({head_text_, head_fill_});
    if (end == 0) {
        if (head_fill_ < sizeof head_text_) return;
        answer_.set(431, "head above 4096 bytes");
        return answer();
    }
    auto const head = read_head({head_text_, end});
    if (!head) {
        answer_.set(head.error().status, head.error().why);
        return answer();
    }
    head_ = *head;
    if (!desk_.admit(head_, answer_)) return answer();
    enter(Phase::content, Step::receive);
    use_content(bytes.subspan(end - before));
}

void Server::use_content(std::span<u8 const> bytes)
{
    u32 const wanted = head_.manifest_bytes + head_.file_bytes;
    usize const taken = std::min<usize>(bytes.size(), wanted - content_fill_);
    std::memcpy(content_ + content_fill_, bytes.data(), taken);
    content_fill_ += static_cast<u32>(taken);
    if (content_fill_ == wanted) finish();
}

void Server::finish()
{
    std::string_view const manifest{reinterpret_cast<char const*>(content_), head_.manifest_bytes};
    desk_.take(head_, manifest, {content_ + head_.manifest_bytes, head_.file_bytes}, answer_);
    answer();
}

/// Sends what was decided, once; the connection ends with it.
void Server::answer()
{
    bool const whole =
        content_fill_ > 0 && content_fill_ == head_.manifest_bytes + head_.file_bytes;
    std::span<u8 const> file;
    if (whole) file = {content_ + head_.manifest_bytes, head_.file_bytes};
    desk_.note(peer_, head_, file, answer_);
    text::Writer text{{reinterpret_cast<char*>(out_.data()), out_.size()}};
    std::string_view const why = answer_.text.view();
    text::format(text,
                 "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                 "Content-Length: {}\r\nX-Content-Type-Options: nosniff\r\n{}Connection: close\r\n"
                 "\r\n{}\n",
                 answer_.status, reason(answer_.status), why.size() + 1,
                 answer_.status == 405 ? "Allow: POST\r\n" : "", why);
    answer_bytes_ = static_cast<u32>(text.view().size());
    enter(Phase::answering, Step::send);
}

// ---- deadlines ----

u64 Server::deadline() const
{
    switch (phase_) {
    case Phase::head:
        return since_ + head_time;
    case Phase::content:
        return since_ + content_time;
    case Phase::answering:
        return since_ + answer_time;
    case Phase::draining:
        return since_ + end_time;
    case Phase::closing:
        return since_ + answer_time;
    case Phase::off:
        return desk_.is_on() && retry_at_ > desk_.now() ? retry_at_ : never;
    case Phase::opening:
    case Phase::waiting:
        break;
    }
    return never;
}

void Server::on_deadline()
{
    switch (phase_) {
    case Phase::head:
    case Phase::content:
        answer_.set(408, "too slow");
        return answer();
    case Phase::answering:
    case Phase::draining:
        return enter(Phase::closing, Step::close);
    case Phase::closing: // behind an answer that the peer does not take
        return enter(Phase::closing, Step::abort);
    case Phase::off:
    case Phase::opening:
    case Phase::waiting:
        return;
    }
}

} // namespace upload_server
