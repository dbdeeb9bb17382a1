// One place for a connection: it accepts, serves, closes, and accepts the next. At any time it
// waits for one request, so its buffer has one user.
//
// Port 7 echoes [RFC 862]. Port 8080 speaks as much HTTP/1.1 as curl needs [RFC 9112]:
//     GET /BYTES    so many bytes of the pattern
//     PUT /         answers with the SHA-256 of what came, in hexadecimal
#pragma once

#include "kit/sha256.hpp"
#include "net/socket.hpp"
#include "pattern.hpp"
#include <string_view>

namespace net_test {

class Connection {
public:
    enum class Service : u8 { echo, http };

    /// @param cookie  of all its requests
    void set_up(net::Client& client, Pattern const& pattern, Service service, u64 cookie);
    /// Waits for the next connection, unless it has one.
    void accept_from(net::Listener& listener);
    /// How its request ended.
    void on_outcome(net::Outcome const& outcome);

private:
    enum class State : u8 {
        idle,
        accepting,
        echoing,
        returning,
        head,
        taking,
        sending,
        answering,
        closing
    };

    void receive();
    void send(u32 bytes);
    void went_on(Result<void> const& submitted, State state);
    void close();
    void accept_again();
    void on_received(u32 bytes);
    void on_head(u32 bytes);
    void on_request(std::string_view head, u32 rest);
    void take(u32 from, u32 bytes);
    void send_block();
    void answer(std::string_view status, std::string_view body);

    net::Client* client_ = nullptr;
    net::Listener* listener_ = nullptr;
    Pattern const* pattern_ = nullptr;
    net::Buffer buffer_;
    net::Stream stream_;
    kit::Sha256 hash_;
    u64 cookie_ = 0, left_ = 0, block_ = 0;
    u32 filled_ = 0; ///< of the head
    Service service_ = Service::echo;
    State state_ = State::idle;
};

} // namespace net_test
