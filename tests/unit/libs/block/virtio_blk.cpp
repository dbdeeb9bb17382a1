// Requests of clients: carried out, refused, in turn, in batches.
#include "disk_rig.hpp"

using namespace disk_rig;

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

TEST_CASE("what a driver makes up is nobody's outcome", "[block]")
{
    Rig rig;
    auto client = rig.online();
    REQUIRE(client.submit(Operation::read, 0, 0, 512, 1));
    auto& ring = rig.edges[0].shared->completions;
    queue::Sender liar{&ring};
    for (u64 const id : {u64{0}, u64{1}, ~u64{0}, u64{1} << 40}) REQUIRE(liar.push({id, 0, 1}));
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome));
    ring.pushed.store(GENERATE(70u, 0x8000'0000u, 0xffff'ffffu));
    CHECK_FALSE(client.next(outcome));
    CHECK(client.in_flight() == 1);
}
