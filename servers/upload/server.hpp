// The HTTP side: listens while uploads are on, serves one connection at a time, each with one
// request, within limits of size and time. Whoever runs it calls poll() when woken and again at the
// time it answers.
#pragma once

#include "net/socket.hpp"
#include "servers/upload/desk.hpp"

namespace upload_server {

class Server {
public:
    static constexpr u16 port = 8080;
    static constexpr u64 never = ~u64{0};
    /// Nanoseconds for a head, for its content, for the answer to be taken, and for the peer to end
    /// the connection.
    static constexpr u64 head_time = 10'000'000'000, content_time = 60'000'000'000,
                         answer_time = 10'000'000'000, end_time = 2'000'000'000,
                         retry_time = 1'000'000'000;

    Server(net::Client& client, Desk& desk) : client_{client}, desk_{desk} {}

    /// Does what can be done now, and wakes the network. Returns when to come back at the latest,
    /// in nanoseconds since boot; never: no time.
    u64 poll();

private:
    enum class Phase : u8 {
        off,
        opening, ///< the listener
        waiting, ///< for a connection
        head,
        content,
        answering, ///< until the network has the answer
        draining,  ///< what still comes is thrown away: closing with unread bytes would send a
                   ///< reset, which may overtake the answer [RFC 9112, section 9.6 "Tear-down"]
        closing,   ///< the stream's last outcomes are to come
    };
    /// What is to be asked of the network as soon as there is room.
    enum class Step : u8 {
        nothing,
        bind,
        listen,
        accept,
        receive,
        send,
        shut_down,
        close,
        abort,
    };

    /// What a request was, as its cookie says.
    enum class Kind : u8 { listener, accepted, received, sent, shut_down, closed };

    void on_outcome(net::Outcome const& outcome);
    void on_accepted(bool ok);
    void on_received(net::Outcome const& outcome);
    void on_deadline();
    void follow_desk();
    void take_steps();
    Result<void> take_buffers();
    Result<void> take_step();
    void enter(Phase phase, Step step);
    void use(std::span<u8 const> bytes);
    void use_head(std::span<u8 const> bytes);
    void use_content(std::span<u8 const> bytes);
    void finish();
    void answer();
    void end_connection();
    void rest();
    u64 deadline() const;

    net::Client& client_;
    Desk& desk_;
    net::Listener listener_;
    net::Stream stream_;
    net::Buffer in_, out_; ///< out_ also takes the peer's address
    net::Peer peer_{};
    Phase phase_ = Phase::off;
    Step step_ = Step::nothing;
    u64 since_ = 0;    ///< when the phase began
    u64 retry_at_ = 0; ///< off: when a listener that the network refused is tried again
    u32 epoch_ = 0, pending_ = 0, answer_bytes_ = 0;
    Head head_{};
    Answer answer_;
    u32 head_fill_ = 0, content_fill_ = 0;
    char head_text_[max_head] = {};
    u8 content_[max_manifest + upload::max_file] = {};
};

} // namespace upload_server
