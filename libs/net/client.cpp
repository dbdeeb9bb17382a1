// See client.hpp. A cookie on the wire is the request's slot below the position of its push: an
// event that a predecessor's request, or none, belongs to finds no such slot.
#include "net/client.hpp"

namespace net {

namespace {

constexpr u64 wire_cookie(u32 slot, u32 sequence)
{
    return u64{sequence} << 32 | slot;
}
constexpr bool ends_socket(Operation operation)
{
    return operation == Operation::close || operation == Operation::abort;
}

} // namespace

Client::Client(program::Use const& use, std::span<Slot> slots, std::span<u32> next_slot,
               std::span<Number> numbers, std::span<u32> next_number, std::span<u64> bitmap)
    : shared_{use.memory<Shared>()}, requests_{&shared_->requests}, events_{&shared_->events},
      signal_{use.signal}, slots_{slots}, numbers_{numbers}, free_slots_{next_slot},
      free_numbers_{next_number}, arena_{static_cast<u8*>(use.shared) + arena_offset,
                                         use.shared_bytes > arena_offset
                                             ? use.shared_bytes - arena_offset
                                             : 0,
                                         bitmap},
      sequence_{shared_->requests.pushed.load(std::memory_order_relaxed)}
{
    for (Slot& slot : slots_) slot = {};
    for (Number& number : numbers_) number = {};
}

Result<u32> Client::take_number(Number::State state)
{
    u32 const number = free_numbers_.take();
    if (number == IndexList::none) return Error::no_memory;
    numbers_[number] = {state, true, false, 0, Status::ok};
    return number;
}

Result<u32> Client::open_number(Kind kind)
{
    if (!online_) return Error::absent;
    u32 const number = TRY(take_number(Number::State::open));
    Request request{};
    request.operation = Operation::open;
    request.socket = number;
    request.value = static_cast<u32>(kind);
    auto const asked = submit(request, 0, true);
    if (asked) return number;
    numbers_[number].state = Number::State::gone;
    drop_number(number);
    return asked.error();
}

Result<u32> Client::accept_number(u32 listener, Piece const& peer, u64 cookie)
{
    u32 const number = TRY(take_number(Number::State::accepting));
    Request request{};
    request.operation = Operation::accept;
    request.socket = listener;
    request.value = number;
    request.offset = peer.offset;
    request.bytes = peer.bytes;
    auto const asked = submit(request, cookie);
    if (asked) return number;
    numbers_[number].state = Number::State::gone;
    drop_number(number);
    return asked.error();
}

void Client::drop_number(u32 number)
{
    numbers_[number].held = false;
    if (numbers_[number].state == Number::State::open) close_later(number);
    free_if_unused(number);
}

void Client::close_later(u32 number)
{
    numbers_[number].unsent = true;
    ++unsent_;
    send_unsent();
}

void Client::free_if_unused(u32 number)
{
    Number& it = numbers_[number];
    bool const over =
        it.state == Number::State::gone || (it.state == Number::State::closing && it.ends == 0);
    if (it.held || it.unsent || !over) return;
    it.state = Number::State::free;
    free_numbers_.give(number);
}

Result<void> Client::submit(Request request, u64 cookie, bool quiet)
{
    if (!online_) return Error::absent;
    bool const of_socket = is_valid(request.socket);
    if (of_socket && numbers_[request.socket].state == Number::State::gone)
        return Error::server_died;
    TRY(push(request, cookie, quiet));
    if (of_socket && ends_socket(request.operation)) {
        numbers_[request.socket].state = Number::State::closing;
        ++numbers_[request.socket].ends;
    }
    return {};
}

Result<void> Client::push(Request& request, u64 cookie, bool quiet)
{
    if (requests_.space() == 0 || free_slots_.empty()) {
        refused_ = true;
        return Error::busy;
    }
    u32 const index = free_slots_.take();
    slots_[index] = {cookie, sequence_, request.socket, request.value, request.operation,
                     true,   quiet};
    ++in_flight_;
    request.cookie = wire_cookie(index, sequence_++);
    request.epoch = epoch_;
    requests_.push(request); // there is room
    return {};
}

bool Client::next(Outcome& outcome)
{
    if (reset_at_ < slots_.size() && end_as_reset(outcome)) return true;
    // The epoch first: what a server of an older one has answered is in the ring by now.
    u32 const epoch = shared_->epoch.load(std::memory_order_acquire);
    for (Event event; events_.pop(event);)
        if (end(event, outcome)) return true;
    if (epoch != epoch_) {
        begin_epoch(epoch);
        if (end_as_reset(outcome)) return true;
    }
    send_unsent();
    return false;
}

bool Client::end(Event const& event, Outcome& outcome)
{
    auto const index = static_cast<u32>(event.cookie);
    if (event.epoch != epoch_ || index >= slots_.size()) return false;
    Slot const slot = slots_[index];
    if (!slot.used || event.cookie != wire_cookie(index, slot.sequence)) return false;
    slots_[index].used = false;
    free_slots_.give(index);
    auto const status = event.status <= static_cast<u32>(Status::last)
                            ? static_cast<Status>(event.status)
                            : Status::bad_request;
    return tell(slot, status, event.value, outcome);
}

/// True when it is an outcome for our user.
bool Client::tell(Slot const& slot, Status status, u32 value, Outcome& outcome)
{
    --in_flight_;
    if (is_valid(slot.socket)) {
        // What comes after an `open` that failed says why it failed.
        if (status == Status::bad_request && numbers_[slot.socket].open_end != Status::ok)
            status = numbers_[slot.socket].open_end;
        ended(slot, status);
    } else if (slot.operation == Operation::abort && status == Status::ok) {
        online_ = true; // nothing of a predecessor is left
    }
    outcome = {slot.cookie, status, value};
    return !slot.quiet;
}

void Client::ended(Slot const& slot, Status status)
{
    Number& it = numbers_[slot.socket];
    if (slot.operation == Operation::open && status != Status::ok) it.open_end = status;
    if (slot.operation == Operation::accept) accept_ended(slot.accepted, status);
    if (!ends_socket(slot.operation) || it.ends == 0) return;
    --it.ends;
    free_if_unused(slot.socket);
}

void Client::accept_ended(u32 number, Status status)
{
    Number& it = numbers_[number];
    if (it.state != Number::State::accepting) return;
    it.state = status == Status::ok ? Number::State::open : Number::State::gone;
    if (!it.held && status == Status::ok) close_later(number); // nobody wants it any more
    free_if_unused(number);
}

void Client::begin_epoch(u32 epoch)
{
    epoch_ = epoch;
    online_ = false;
    reset_at_ = 0;
    unsent_ = 0;
    for (u32 i = 0; i < numbers_.size(); ++i) {
        Number& it = numbers_[i];
        if (it.state == Number::State::free) continue;
        it.state = Number::State::gone;
        it.unsent = false;
        it.ends = 0;
        free_if_unused(i);
    }
    begin_unsent_ = true;
}

/// True with an outcome for our user; false: no request of the epoch before is left.
bool Client::end_as_reset(Outcome& outcome)
{
    while (reset_at_ < slots_.size()) {
        u32 const index = reset_at_++;
        if (!slots_[index].used) continue;
        slots_[index].used = false;
        free_slots_.give(index);
        --in_flight_;
        outcome = {slots_[index].cookie, Status::reset, 0};
        if (!slots_[index].quiet) return true;
    }
    return false;
}

void Client::send_unsent()
{
    bool const was_refused = refused_;
    if (begin_unsent_) {
        Request request{};
        request.operation = Operation::abort;
        request.socket = no_socket;
        begin_unsent_ = !push(request, 0, true);
    }
    for (u32 i = 0; unsent_ > 0 && i < numbers_.size(); ++i) {
        if (!numbers_[i].unsent) continue;
        Request request{};
        request.operation = Operation::close;
        request.socket = i;
        if (!submit(request, 0, true)) break;
        numbers_[i].unsent = false;
        --unsent_;
    }
    refused_ = was_refused;
}

bool Client::sleep()
{
    if (reset_at_ < slots_.size()) return false;
    if (!events_.sleep_if_empty()) return false;
    if (shared_->epoch.load(std::memory_order_acquire) != epoch_) return false;
    // Who found no room is woken when there is some.
    bool const wants_room = std::exchange(refused_, false) || begin_unsent_ || unsent_ > 0;
    return !wants_room || free_slots_.empty() || requests_.sleep_if_full();
}

Result<void> Client::resolve(Piece const& name, u32 family, u64 cookie)
{
    Request request{};
    request.operation = Operation::resolve;
    request.socket = no_socket;
    request.offset = name.offset;
    request.bytes = name.bytes;
    request.value = family;
    return submit(request, cookie);
}

Result<void> Client::ping(Address const& address, u32 bytes, u64 cookie)
{
    Request request{};
    request.operation = Operation::ping;
    request.socket = no_socket;
    request.address = address;
    request.bytes = bytes;
    return submit(request, cookie);
}

Result<void> Client::cancel_lookups(u64 cookie)
{
    Request request{};
    request.operation = Operation::cancel;
    request.socket = no_socket;
    return submit(request, cookie);
}

} // namespace net
