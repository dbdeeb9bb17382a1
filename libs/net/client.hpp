// The network, for a program that uses protocol `net`: requests, and how they ended. Nothing is
// allocated, nothing blocks: whoever was woken calls next() until there is no more, wake_server()
// after a batch of requests, and sleep() before it waits. Sockets over it: socket.hpp; for programs
// that rather wait: blocking.hpp.
//
// When the server was replaced every request ends as `reset`, every socket is gone, and the client
// is offline until the successor has said that nothing of before is left.
#pragma once

#include "net/arena.hpp"
#include "net/index_list.hpp"
#include "program/program.hpp"
#include "protocol/net.hpp"

namespace net {

/// How a request ended.
struct Outcome {
    u64 cookie; ///< what the request was given
    Status status;
    u32 value; ///< Event::value: bytes moved, and so on
};

class Client {
public:
    /// A request under way.
    struct Slot {
        u64 cookie;
        u32 sequence; ///< of its push: a part of the cookie on the wire
        u32 socket;
        u32 accepted; ///< of accept: the number for the new socket
        Operation operation;
        bool used, quiet;
    };
    /// A number that the server knows, or soon will.
    struct Number {
        enum class State : u8 { free, accepting, open, closing, gone };
        State state;
        bool held;       ///< an object has it
        bool unsent;     ///< to be closed as soon as there is room for the request
        u8 ends;         ///< requests to close or abort it that are under way
        Status open_end; ///< how `open` ended
    };
    /// Memory of a client, wherever the program keeps it. ArenaBytes: of the edge's arena, what is
    /// to be used at most.
    template <u32 Sockets, u32 Requests, u32 ArenaBytes> struct Tables {
        static_assert(Requests <= max_waiting);
        Slot slot[Requests];
        u32 next_slot[Requests];
        Number number[Sockets];
        u32 next_number[Sockets];
        u64 bitmap[Arena::words(ArenaBytes)];
    };

    Client() = default;
    template <u32 Sockets, u32 Requests, u32 ArenaBytes>
    Client(program::Use const& use, Tables<Sockets, Requests, ArenaBytes>& tables)
        : Client{use,           tables.slot,        tables.next_slot,
                 tables.number, tables.next_number, tables.bitmap}
    {
    }
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    /// Whether requests are taken: a server is there, and whatever a predecessor of this program
    /// had is over. Call next() until then.
    bool online() const { return online_; }
    u32 epoch() const { return epoch_; }
    /// Sockets that the manifest grants; known when online.
    u32 max_sockets() const { return shared_->max_sockets.load(std::memory_order_relaxed); }
    u32 in_flight() const { return in_flight_; }
    Arena& arena() { return arena_; }

    /// Wakes the server if it sleeps: once after a batch of requests and outcomes.
    void wake_server()
    {
        bool wanted = requests_.must_signal();
        wanted |= events_.must_signal();
        if (wanted) signal_.signal();
    }
    /// The next outcome; false when there is none now.
    bool next(Outcome& outcome);
    /// Before waiting: true when there is nothing, and the server will signal.
    bool sleep();

    /// Asks for the addresses of a name in the arena; Outcome::value of them come to the same
    /// place, where room for max_addresses must be.
    /// @param family  4, 6 or 0: both
    /// @error busy    no room for a request now
    /// @error absent  not online
    Result<void> resolve(Piece const& name, u32 family, u64 cookie);
    /// Echo request with `bytes` of data to `address`; errors as resolve.
    Result<void> ping(Address const& address, u32 bytes, u64 cookie);
    /// Ends every resolve and ping as `canceled`; errors as resolve.
    Result<void> cancel_lookups(u64 cookie);

    // For socket.hpp.

    /// A number for a new socket of the kind, which the server is asked to open.
    /// @error no_memory  all numbers are taken
    /// @error busy, absent
    Result<u32> open_number(Kind kind);
    /// A number for the connection that accept of `listener` will bring; errors as above.
    Result<u32> accept_number(u32 listener, Piece const& peer, u64 cookie);
    /// An object lets its number go: the socket is closed, if it was not.
    void drop_number(u32 number);
    /// Queues a request. Without a cookie (quiet) its outcome is not told.
    /// @error busy, absent; server_died  the socket is gone
    Result<void> submit(Request request, u64 cookie, bool quiet = false);

private:
    Client(program::Use const& use, std::span<Slot> slots, std::span<u32> next_slot,
           std::span<Number> numbers, std::span<u32> next_number, std::span<u64> bitmap);

    Result<u32> take_number(Number::State state);
    Result<void> push(Request& request, u64 cookie, bool quiet);
    bool end(Event const& event, Outcome& outcome);
    bool tell(Slot const& slot, Status status, u32 value, Outcome& outcome);
    void ended(Slot const& slot, Status status);
    void accept_ended(u32 number, Status status);
    void close_later(u32 number);
    void free_if_unused(u32 number);
    void begin_epoch(u32 epoch);
    bool end_as_reset(Outcome& outcome);
    void send_unsent();
    bool is_valid(u32 number) const { return number < numbers_.size(); }

    Shared* shared_ = nullptr;
    queue::Sender<decltype(Shared::requests)> requests_;
    queue::Receiver<decltype(Shared::events)> events_;
    sys::Notification signal_;
    std::span<Slot> slots_;
    std::span<Number> numbers_;
    IndexList free_slots_, free_numbers_;
    Arena arena_;
    u32 sequence_ = 0; ///< position of the next request: no cookie comes twice
    u32 epoch_ = 0, in_flight_ = 0;
    u32 unsent_ = 0;         ///< numbers to be closed
    u32 reset_at_ = ~u32{0}; ///< next slot to be ended as reset; none when beyond
    bool online_ = false;
    bool begin_unsent_ = false; ///< the first request of an epoch waits for room
    bool refused_ = false;      ///< our user found no room
};

} // namespace net
