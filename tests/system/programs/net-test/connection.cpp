// See connection.hpp.
#include "connection.hpp"
#include "kit/text.hpp"

namespace net_test {

namespace {

/// Without its first characters, of which there are so many.
std::string_view behind(std::string_view text, usize count)
{
    text.remove_prefix(count);
    return text;
}
/// The number at the start of `text`; 0 when there is none.
u64 number_at(std::string_view text)
{
    u64 value = 0;
    for (char const c : text) {
        if (c < '0' || c > '9' || value > ~u64{0} / 20) break;
        value = value * 10 + static_cast<u64>(c - '0');
    }
    return value;
}

} // namespace

void Connection::set_up(net::Client& client, Pattern const& pattern, Service service, u64 cookie)
{
    client_ = &client;
    pattern_ = &pattern;
    service_ = service;
    cookie_ = cookie;
    if (auto buffer = net::Buffer::take(client.arena(), Pattern::block))
        buffer_ = std::move(*buffer);
}

void Connection::accept_from(net::Listener& listener)
{
    listener_ = &listener;
    if (state_ == State::idle && buffer_) accept_again();
}

void Connection::accept_again()
{
    stream_ = {};
    went_on(listener_->accept(stream_, {}, cookie_), State::accepting);
}

void Connection::went_on(Result<void> const& submitted, State state)
{
    state_ = submitted ? state : State::idle; // not: the server was replaced
}
void Connection::receive()
{
    u32 const from = state_ == State::head ? filled_ : 0;
    went_on(stream_.receive(buffer_.piece(from, buffer_.size() - from), cookie_), state_);
}
void Connection::send(u32 bytes)
{
    went_on(stream_.send(buffer_.piece(0, bytes), cookie_), state_);
}
void Connection::close()
{
    went_on(stream_.close(cookie_), State::closing);
}

void Connection::on_outcome(net::Outcome const& outcome)
{
    if (!client_->online()) {
        state_ = State::idle;
        return;
    }
    if (state_ == State::closing) return accept_again();
    if (outcome.status != net::Status::ok) return close();
    switch (state_) {
    case State::accepting:
        state_ = service_ == Service::echo ? State::echoing : State::head;
        filled_ = 0;
        return receive();
    case State::sending:
        return send_block();
    case State::returning:
        state_ = State::echoing;
        return receive();
    case State::answering:
        state_ = State::head;
        filled_ = 0;
        return receive();
    default:
        return on_received(outcome.value);
    }
}

void Connection::on_received(u32 bytes)
{
    if (bytes == 0 || bytes > buffer_.size()) return close();
    if (state_ == State::echoing) {
        state_ = State::returning;
        return send(bytes);
    }
    if (state_ == State::head) return on_head(bytes);
    take(0, bytes);
}

void Connection::on_head(u32 bytes)
{
    filled_ += bytes;
    std::string_view const text{reinterpret_cast<char const*>(buffer_.data()), filled_};
    auto const end = text.find("\r\n\r\n");
    if (end == text.npos) return filled_ < buffer_.size() ? receive() : close();
    on_request({text.data(), end + 2}, static_cast<u32>(end + 4));
}

void Connection::on_request(std::string_view head, u32 rest)
{
    constexpr std::string_view length = "\r\nContent-Length: ";
    if (head.starts_with("GET /")) {
        left_ = number_at(behind(head, 5));
        block_ = 0;
        kit::Text<100> text;
        text.add("HTTP/1.1 200 OK\r\nContent-Length: ", left_, "\r\n\r\n");
        std::memcpy(buffer_.data(), text.view().data(), text.view().size());
        state_ = State::sending;
        return send(static_cast<u32>(text.view().size()));
    }
    auto const at = head.find(length);
    if (!head.starts_with("PUT /") || at == head.npos) return answer("400 Bad Request", "");
    left_ = number_at(behind(head, at + length.size()));
    hash_ = {};
    state_ = State::taking;
    take(rest, filled_ - rest);
}

void Connection::take(u32 from, u32 bytes)
{
    if (bytes > left_) return close(); // more than was announced
    hash_.update({buffer_.data() + from, bytes});
    left_ -= bytes;
    if (left_ > 0) return receive();
    auto const digest = hash_.finish();
    char text[2 * sizeof digest];
    for (usize i = 0; i < sizeof text; ++i)
        text[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    answer("200 OK", {text, sizeof text});
}

void Connection::send_block()
{
    if (left_ == 0) {
        state_ = State::head;
        filled_ = 0;
        return receive();
    }
    u32 const bytes = left_ < Pattern::block ? static_cast<u32>(left_) : Pattern::block;
    pattern_->write(block_++, buffer_.data());
    left_ -= bytes;
    send(bytes);
}

void Connection::answer(std::string_view status, std::string_view body)
{
    kit::Text<200> text;
    text.add("HTTP/1.1 ", status, "\r\nContent-Length: ", u64{body.size()}, "\r\n\r\n", body);
    std::memcpy(buffer_.data(), text.view().data(), text.view().size());
    state_ = State::answering;
    send(static_cast<u32>(text.view().size()));
}

} // namespace net_test
