// A disk from its client's rings to the device and back, for tests: libs/block, the driver, and a
// block device in software with contents, a write cache, and bad manners on demand.
#pragma once

#include "block/client.hpp"
#include "drivers/block/virtio-blk/server.hpp"
#include "tests/fakes/virtio_device.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>

namespace disk_rig {

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

inline u64 signals_of(u64 notification)
{
    u64 count = 0;
    for (auto const& call : sys::fake_kernel.calls) count += call.in.cap_or_badge == notification;
    return count;
}

} // namespace disk_rig
