// Both rings between two threads under ThreadSanitizer, with notifications made of an atomic word:
// every record arrives once, whole and in order, and nobody sleeps for ever (a lost wake-up is a
// timeout). Compiled with -fsanitize=thread; the model checks what this cannot (tests/model).
#include "queue/byte_ring.hpp"
#include "queue/ring.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

namespace {

/// A notification: bits are set by whoever signals, taken by the one who waits.
class Notification {
    std::atomic<u32> bits_ = 0;

public:
    std::atomic<u64> signals = 0;

    void signal()
    {
        signals.fetch_add(1, std::memory_order_relaxed);
        bits_.store(1, std::memory_order_release);
        bits_.notify_one();
    }
    void wait()
    {
        bits_.wait(0, std::memory_order_acquire);
        bits_.exchange(0, std::memory_order_acquire);
    }
};

struct Record {
    u64 number, again;
};
using Ring = queue::Ring<Record, 4>; // small: both ends sleep often

constexpr u64 records = 300'000;

/// Pauses in a pattern of its own, so that the two sides meet in all phases.
void dawdle(u64& state)
{
    state = state * 6364136223846793005 + 1442695040888963407;
    if (state >> 57 == 0) std::this_thread::yield();
}

void produce(Ring& ring, Notification& own, Notification& consumer)
{
    queue::Sender<Ring> sender{&ring};
    u64 pattern = 1;
    for (u64 number = 0; number < records;) {
        dawdle(pattern);
        if (sender.push({number, number})) {
            ++number;
            if (number % 3 && number != records) continue; // several for one signal
            if (sender.must_signal()) consumer.signal();
        } else {
            if (sender.must_signal()) consumer.signal();
            if (sender.sleep_if_full()) own.wait();
        }
    }
}

void consume(Ring& ring, Notification& own, Notification& producer, u64& wrong)
{
    queue::Receiver<Ring> receiver{&ring};
    u64 pattern = 2;
    for (u64 next = 0; next < records;) {
        dawdle(pattern);
        Record record{};
        if (receiver.pop(record)) {
            wrong += record.number != next || record.again != next;
            ++next;
            if (next % 2 && next != records) continue;
            if (receiver.must_signal()) producer.signal();
        } else {
            if (receiver.must_signal()) producer.signal();
            if (receiver.sleep_if_empty()) own.wait();
        }
    }
}

} // namespace

TEST_CASE("records between two threads arrive once, whole and in order", "[queue]")
{
    auto const ring = std::make_unique<Ring>();
    Notification to_producer, to_consumer;
    u64 wrong = 0;
    std::thread consumer{[&] { consume(*ring, to_consumer, to_producer, wrong); }};
    produce(*ring, to_producer, to_consumer);
    consumer.join();
    CHECK(wrong == 0);
    CHECK(to_consumer.signals > 0);
    CHECK(to_consumer.signals <= records);
}

TEST_CASE("bytes between two threads arrive in order", "[queue]")
{
    auto const ring = std::make_unique<queue::ByteRing>();
    Notification to_producer, to_consumer;
    constexpr u32 bytes = 500'000;
    u64 wrong = 0;
    std::thread consumer{[&] {
        queue::Consumer end{ring.get()};
        for (u32 next = 0; next < bytes;) {
            u8 byte = 0;
            bool any = false;
            for (; end.pop(byte); ++next, any = true) wrong += byte != static_cast<u8>(next * 7);
            if (any)
                to_producer.signal();
            else
                to_consumer.wait();
        }
    }};
    queue::Producer end{ring.get()};
    for (u32 next = 0; next < bytes;) {
        u32 const before = next;
        while (next < bytes && next - before < 1000 && end.push(static_cast<u8>(next * 7))) ++next;
        if (next > before)
            to_consumer.signal();
        else
            to_producer.wait();
    }
    consumer.join();
    CHECK(wrong == 0);
}
