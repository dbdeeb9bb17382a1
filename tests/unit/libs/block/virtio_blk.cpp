// A disk from its client's rings to the device and back: libs/block, the driver, and a block device
// in software with contents, a write cache, and bad manners on demand.
#include "block/client.hpp"
#include "drivers/block/virtio-blk/server.hpp"
#include "tests/fakes/virtio_device.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <memory>

namespace {

constexpr u64 memory_at = 0x10'0000'0000, pool_at = 0x20'0000'0000, pool_bytes = 256 << 10;
constexpr u64 disk_sectors = 4096;
using Server = virtio_blk::Server<fake::FakeRegisters>;
using Disk = virtio_blk::Disk<fake::FakeRegisters>;
using block::Operation;
using block::Outcome;
using block::Status;

/// The device: a medium, and above it a cache that a flush writes back.
struct Medium {
    std::vector<u8> stable = std::vector<u8>(disk_sectors * 512), cached = stable;
    u8 status = 0;
    u32 flushes = 0;

    u32 operator()(std::vector<fake::Segment>& segments)
    {
        virtio_blk::Header header;
        REQUIRE(segments.at(0).bytes == sizeof header);
        REQUIRE_FALSE(segments[0].writable);
        std::memcpy(&header, segments[0].data, sizeof header);
        auto const& last = segments.back();
        REQUIRE((last.bytes == 1 && last.writable));
        REQUIRE(*last.data == virtio_blk::status_pending);
        *last.data = status;
        return status ? 1 : transfer(header, segments);
    }
    u32 transfer(virtio_blk::Header const& header, std::vector<fake::Segment>& segments)
    {
        auto const& data = segments[1];
        switch (virtio_blk::Type{header.type}) {
        case virtio_blk::Type::get_id:
            REQUIRE(data.bytes == 20);
            std::memcpy(data.data, "DISK-0123456789ABCDE", 20);
            return 21;
        case virtio_blk::Type::flush:
            REQUIRE(segments.size() == 2);
            stable = cached;
            ++flushes;
            return 1;
        case virtio_blk::Type::in:
            REQUIRE(segments.size() == 3);
            REQUIRE((data.writable && header.sector * 512 + data.bytes <= cached.size()));
            std::memcpy(data.data, &cached[header.sector * 512], data.bytes);
            return data.bytes + 1;
        case virtio_blk::Type::out:
            REQUIRE(segments.size() == 3);
            REQUIRE((!data.writable && header.sector * 512 + data.bytes <= cached.size()));
            std::memcpy(&cached[header.sector * 512], data.data, data.bytes);
            return 1;
        }
        FAIL("no such request");
        return 0;
    }
};

struct Edge {
    std::unique_ptr<block::Shared> shared{new block::Shared{}};
    std::vector<u8> pool = std::vector<u8>(pool_bytes);
    u64 driver_signal, client_signal, pool_dma;

    explicit Edge(u64 n)
        : driver_signal{100 + n}, client_signal{200 + n}, pool_dma{pool_at * (n + 1)}
    {
    }
    program::ClientEdge server_end() const
    {
        program::ClientEdge edge;
        edge.signal = sys::Notification{client_signal};
        edge.shared = shared.get();
        edge.pool_dma = pool_dma;
        edge.pool_bytes = pool_bytes;
        return edge;
    }
    block::Client client() const
    {
        program::Use use;
        use.signal = sys::Notification{driver_signal};
        use.shared = shared.get();
        use.pool_bytes = pool_bytes;
        return block::Client{use};
    }
};

/// One life of the driver.
struct Life {
    virtio_blk::Memory memory{};
    Disk disk;
    Server server{disk};

    Life(fake::VirtioDevice& model, std::vector<Edge> const& edges, u64 where)
    {
        model.lend(&memory, where, sizeof memory);
        REQUIRE(disk.start(model.places(), {reinterpret_cast<u8*>(&memory), where, sizeof memory}));
        for (auto const& edge : edges) REQUIRE(server.add(edge.server_end()));
        REQUIRE(server.start());
    }
};

struct Rig {
    fake::VirtioDevice model;
    Medium medium;
    std::vector<Edge> edges;
    std::unique_ptr<Life> life;
    u64 where = memory_at;

    explicit Rig(u64 clients = 1, u64 features = virtio_blk::feature::flush)
    {
        sys::fake_kernel = {};
        model.features |= features;
        u64 const sectors = disk_sectors;
        std::memcpy(model.config.data(), &sectors, 8);
        model.handle = [this](u16, std::vector<fake::Segment>& s) { return medium(s); };
        for (u64 n = 0; n < clients; ++n) {
            edges.emplace_back(n);
            model.lend(edges[n].pool.data(), edges[n].pool_dma, pool_bytes);
        }
        start();
    }
    void start()
    {
        life.reset();
        life = std::make_unique<Life>(model, edges, where);
        where += 1 << 20; // its predecessor's memory is not lent again
    }
    /// Until neither the device nor the driver has anything to do.
    void settle()
    {
        for (;;) {
            auto const idle = life->server.run();
            REQUIRE(idle);
            if (model.process(0) == 0 && *idle) return;
        }
    }
    block::Client online(u64 edge = 0)
    {
        auto client = edges[edge].client();
        Outcome none{};
        settle();
        REQUIRE_FALSE(client.next(none));
        settle();
        REQUIRE_FALSE(client.next(none));
        REQUIRE(client.online());
        return client;
    }
    Status once(block::Client& client, Operation operation, u64 sector, u64 offset, u32 bytes)
    {
        REQUIRE(client.submit(operation, sector, offset, bytes, 77));
        settle();
        Outcome outcome{};
        REQUIRE(client.next(outcome));
        CHECK(outcome.cookie == 77);
        CHECK_FALSE(client.next(outcome));
        return outcome.status;
    }
};

u64 signals_of(u64 notification)
{
    u64 count = 0;
    for (auto const& call : sys::fake_kernel.calls) count += call.in.cap_or_badge == notification;
    return count;
}

} // namespace

TEST_CASE("what is written is read, and the disk tells about itself", "[block]")
{
    Rig rig;
    auto client = rig.online();
    CHECK(client.sectors() == disk_sectors);
    CHECK_FALSE(client.read_only());
    CHECK(client.epoch() == 1);
    CHECK(std::string(rig.edges[0].shared->serial) == "DISK-0123456789ABCDE");
    auto& pool = rig.edges[0].pool;
    for (u32 i = 0; i < 8192; ++i) pool[i] = static_cast<u8>(i * 7);
    CHECK(rig.once(client, Operation::write, 100, 0, 8192) == Status::ok);
    CHECK(rig.once(client, Operation::read, 108, 65536, 4096) == Status::ok);
    CHECK(std::memcmp(&pool[4096], &pool[65536], 4096) == 0);
    CHECK(rig.medium.stable[51200] == rig.medium.stable[51201]);
    CHECK(rig.once(client, Operation::flush, 0, 0, 0) == Status::ok);
    CHECK(std::memcmp(&rig.medium.stable[51200], pool.data(), 8192) == 0);
}

TEST_CASE("requests that may not be are refused and never reach the device", "[block]")
{
    Rig rig;
    auto client = rig.online();
    u32 const rung = rig.model.doorbells;
    auto const refused = [&](Operation operation, u64 sector, u64 offset, u32 bytes) {
        return rig.once(client, operation, sector, offset, bytes) == Status::bad_request;
    };
    CHECK(refused(Operation::read, disk_sectors, 0, 512));
    CHECK(refused(Operation::read, disk_sectors - 1, 0, 1024));
    CHECK(refused(Operation::write, ~u64{0}, 0, 512));
    CHECK(refused(Operation::write, 0, pool_bytes, 512));
    CHECK(refused(Operation::write, 0, pool_bytes - 512, 1024));
    CHECK(refused(Operation::write, 0, ~u64{511}, 1024));
    CHECK(refused(Operation::read, 0, 256, 512));
    CHECK(refused(Operation::read, 0, 0, 0));
    CHECK(refused(Operation::read, 0, 0, 513));
    CHECK(refused(Operation::read, 0, 0, block::max_bytes + 512));
    CHECK(refused(Operation::flush, 0, 0, 512));
    CHECK(refused(Operation{9}, 0, 0, 512));
    CHECK(rig.model.doorbells == rung);
    CHECK(rig.once(client, Operation::read, disk_sectors - 1, pool_bytes - 512, 512) == Status::ok);
}

TEST_CASE("a read-only disk, one without a cache, errors, a new size", "[block]")
{
    Rig rig{1, virtio_blk::feature::read_only};
    auto client = rig.online();
    CHECK(client.read_only());
    CHECK(rig.once(client, Operation::write, 0, 0, 512) == Status::read_only);
    CHECK(rig.once(client, Operation::flush, 0, 0, 0) == Status::ok);
    CHECK(rig.medium.flushes == 0);
    rig.medium.status = 1;
    CHECK(rig.once(client, Operation::read, 0, 0, 512) == Status::io_error);
    rig.medium.status = virtio_blk::status_pending;
    CHECK(rig.once(client, Operation::read, 0, 0, 512) == Status::io_error);
    rig.medium.status = 0;
    CHECK(rig.life->server.look_at_device());
    u64 const smaller = 10;
    std::memcpy(rig.model.config.data(), &smaller, 8);
    ++rig.model.generation;
    CHECK(rig.life->server.look_at_device());
    CHECK(client.sectors() == 10);
    CHECK(rig.once(client, Operation::read, 10, 0, 512) == Status::bad_request);
    rig.model.status |= virtio::status::needs_reset;
    CHECK(rig.life->server.look_at_device().error() == Error::corrupt);
}

TEST_CASE("a read that the device did not finish is an error", "[block]")
{
    Rig rig;
    auto client = rig.online();
    rig.model.handle = [](u16, std::vector<fake::Segment>& segments) {
        *segments.back().data = 0;
        return 1u;
    };
    CHECK(rig.once(client, Operation::read, 0, 0, 512) == Status::io_error);
}

TEST_CASE("a batch costs one signal, one doorbell and one interrupt", "[block]")
{
    Rig rig;
    auto client = rig.online();
    sys::fake_kernel.calls.clear();
    u32 const rung = rig.model.doorbells, interrupts = rig.model.interrupts;
    REQUIRE(client.sleep());
    for (u64 i = 0; i < block::Client::depth; ++i) {
        REQUIRE(client.submit(Operation::write, i, i * 512, 512, i));
        client.wake_driver();
    }
    CHECK(client.submit(Operation::flush, 0, 0, 0, 0).error() == Error::busy);
    rig.settle();
    CHECK(signals_of(rig.edges[0].driver_signal) == 1);
    CHECK(signals_of(rig.edges[0].client_signal) == 1);
    CHECK(rig.model.doorbells == rung + 1);
    CHECK(rig.model.interrupts == interrupts + 1);
    Outcome outcome{};
    u64 sum = 0, count = 0;
    for (; client.next(outcome); ++count) sum += outcome.cookie;
    CHECK(count == block::Client::depth);
    CHECK(sum == 31 * 32 / 2);
}

TEST_CASE("clients take turns, and one that does not fetch its answers stops only itself",
          "[block]")
{
    Rig rig{8};
    auto other = rig.online(7);
    // Client 0 writes into its rings by itself and never takes a completion.
    auto& shared = *rig.edges[0].shared;
    queue::Sender greedy{&shared.requests};
    u64 id = 0;
    for (u32 round = 0; round < 10; ++round) {
        while (greedy.push({id++, 0, 0, 512, 0, shared.epoch.load()})) {
        }
        CHECK(rig.once(other, Operation::write, round, 0, 512) == Status::ok);
    }
    CHECK(shared.completions.pushed.load() == block::ring_entries);
    CHECK(shared.completions.producer_awake.load() == 0);
    // As soon as it does, it goes on.
    queue::Receiver receiver{&shared.completions};
    block::Completion completion{};
    for (u64 expected = 0; expected < 64; ++expected) {
        REQUIRE(receiver.pop(completion));
        CHECK(completion.id == expected);
    }
    CHECK(receiver.must_signal());
    rig.settle();
    CHECK(receiver.size() == 64);
}

TEST_CASE("positions and records that cannot be", "[block]")
{
    Rig rig{2};
    auto other = rig.online(1);
    auto& shared = *rig.edges[0].shared;
    shared.requests.pushed.store(GENERATE(65u, 0x8000'0000u, 0xffff'ffffu));
    shared.completions.popped.store(0x1234'5678);
    rig.settle();
    CHECK(rig.once(other, Operation::read, 0, 0, 512) == Status::ok);
}

TEST_CASE("a device that lies ends the driver", "[block]")
{
    Rig rig;
    auto client = rig.online();
    REQUIRE(client.submit(Operation::read, 0, 0, 512, 1));
    REQUIRE(rig.life->server.run());
    std::vector<fake::Segment> segments;
    u16 const head = rig.model.fetch(0, segments);
    SECTION("another request")
    {
        rig.model.complete(0, head ^ 1u, 1);
    }
    SECTION("no request")
    {
        rig.model.complete(0, 0xffff'0000 | head, 1);
    }
    SECTION("too long")
    {
        rig.model.complete(0, head, 514);
    }
    CHECK(rig.life->server.run().error() == Error::corrupt);
}

TEST_CASE("a successor completes nothing of the old life; the client asks again", "[block]")
{
    Rig rig;
    auto client = rig.online();
    auto& pool = rig.edges[0].pool;
    std::memset(pool.data(), 0x11, 4096);
    for (u64 i = 0; i < 8; ++i) REQUIRE(client.submit(Operation::write, i, i * 512, 512, i));
    REQUIRE(rig.life->server.run());
    REQUIRE(rig.model.process(0, 3) == 3); // done by the device, not yet told
    for (u64 i = 8; i < 12; ++i) REQUIRE(client.submit(Operation::read, 20, i * 512, 512, i));

    rig.start(); // killed; a successor is there
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome));
    rig.settle();
    CHECK_FALSE(client.sleep());
    CHECK_FALSE(client.next(outcome)); // sees the new epoch, asks again
    CHECK(client.epoch() == 2);
    rig.settle();
    std::map<u64, u32> seen;
    while (client.next(outcome)) {
        CHECK(outcome.status == Status::ok);
        ++seen[outcome.cookie];
    }
    CHECK(seen.size() == 12);
    for (auto const& [cookie, times] : seen) CHECK(times == 1);
    CHECK(rig.medium.cached[7 * 512] == 0x11);
    CHECK(client.in_flight() == 0);
}

TEST_CASE("a request that was pushed around the change of epochs is dropped", "[block]")
{
    Rig rig;
    auto client = rig.online();
    rig.start();
    rig.settle(); // epoch 2; the client has not looked yet
    REQUIRE(client.submit(Operation::write, 5, 0, 512, 1));
    u32 const rung = rig.model.doorbells;
    rig.settle();
    CHECK(rig.model.doorbells == rung);
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome));
    rig.settle();
    CHECK(client.next(outcome));
    CHECK_FALSE(client.next(outcome));
}

TEST_CASE("the driver dies at every step of a stream of writes", "[block]")
{
    Rig rig;
    auto client = rig.online();
    auto& pool = rig.edges[0].pool;
    u64 written[32] = {}, acknowledged[32] = {};
    u32 random = 1;
    auto const next_random = [&] { return (random = random * 1664525 + 1013904223) >> 16; };
    auto const write = [&](u64 slot) {
        u64 const content = ++written[slot];
        for (u32 i = 0; i < 64; ++i) std::memcpy(&pool[slot * 512 + i * 8], &content, 8);
        REQUIRE(client.submit(Operation::write, slot * 3, slot * 512, 512, slot));
        client.wake_driver();
    };
    bool busy[32] = {};
    for (u32 step = 0; step < 20'000; ++step) {
        u64 const slot = next_random() % 32;
        if (!busy[slot]) write(slot), busy[slot] = true;
        switch (next_random() % 8) {
        case 0:
            if (next_random() % 16 == 0) rig.start();
            break;
        case 1:
        case 2:
            rig.model.process(0, next_random() % 4);
            break;
        case 3:
        case 4:
            REQUIRE(rig.life->server.run());
            break;
        default:
            break;
        }
        for (Outcome outcome{}; client.next(outcome);) {
            REQUIRE(outcome.status == Status::ok);
            acknowledged[outcome.cookie] = written[outcome.cookie];
            busy[outcome.cookie] = false;
            u64 content;
            std::memcpy(&content, &rig.medium.cached[outcome.cookie * 3 * 512], 8);
            REQUIRE(content == written[outcome.cookie]);
        }
    }
    for (u64 i = 0; i < 32; ++i) CHECK(acknowledged[i] > 100);
}

TEST_CASE("a client that was started anew waits for its predecessor's requests", "[block]")
{
    Rig rig;
    auto predecessor = rig.online();
    REQUIRE(predecessor.submit(Operation::read, 0, 0, 512, 1));
    REQUIRE(rig.life->server.run()); // the device has it
    auto client = rig.edges[0].client();
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome));
    REQUIRE(*rig.life->server.run());
    CHECK_FALSE(client.next(outcome));
    CHECK_FALSE(client.online());
    CHECK(client.submit(Operation::read, 0, 0, 512, 1).error() == Error::absent);
    rig.settle();
    CHECK_FALSE(client.next(outcome)); // the predecessor's completion is nobody's
    CHECK(client.online());
    CHECK(rig.once(client, Operation::read, 0, 0, 512) == Status::ok);
}
