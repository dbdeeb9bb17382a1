// What the driver does for its clients: takes their requests in turn, one each, checks them, hands
// them to the disk, and puts the outcome into their rings. A client's ring is copied from once; a
// request is taken only when its completion will have room, so that no client can make us wait.
#pragma once

#include "disk.hpp"
#include "program/program.hpp"

namespace virtio_blk {

inline constexpr u32 max_clients = 8;

template <class Registers> class Server {
    struct Client {
        block::Shared* shared;
        queue::Receiver<decltype(block::Shared::requests)> requests;
        queue::Sender<decltype(block::Shared::completions)> completions;
        sys::Notification signal;
        u64 pool, pool_bytes;
        u32 epoch, in_flight;
        bool settling; ///< its request `settle_id` waits until nothing is in flight
        u64 settle_id;
    };
    Disk<Registers>& disk_;
    Geometry geometry_{};
    Client client_[max_clients] = {};
    u32 count_ = 0;
    bool open_ = false; // clients know us

public:
    explicit Server(Disk<Registers>& disk) : disk_{disk} {}

    /// Adds a client. Its rings stay closed until the disk has told its serial number.
    /// @error no_memory  there are max_clients already
    Result<void> add(program::ClientEdge const& edge)
    {
        if (count_ == max_clients) return Error::no_memory;
        auto* const shared = edge.memory<block::Shared>();
        Client& client = client_[count_++];
        client.shared = shared;
        client.requests = queue::Receiver{&shared->requests};
        client.completions = queue::Sender{&shared->completions};
        client.signal = edge.signal;
        client.pool = edge.pool_dma;
        client.pool_bytes = edge.pool_bytes;
        return {};
    }
    /// @error busy  the disk's configuration never stands still
    Result<void> start()
    {
        geometry_ = TRY(disk_.geometry());
        disk_.identify();
        disk_.show();
        return {};
    }

    bool is_open() const { return open_; }
    Geometry const& geometry() const { return geometry_; }

    /// Does what there is to do, but not for ever. True when it is done and whoever brings more
    /// will signal; false: call again. @error corrupt  the device lies, and is to be reset
    Result<bool> run()
    {
        TRY(complete());
        bool more = open_ && accept();
        disk_.show();
        for (u32 i = 0; i < count_; ++i) {
            if (client_[i].completions.must_signal()) client_[i].signal.signal();
            more |= open_ && !sleep(client_[i]);
        }
        return disk_.sleep() && !more;
    }
    /// After an interrupt that brought nothing, and now and then: looks whether the disk changed.
    /// @error corrupt  it has given up
    Result<void> look_at_device()
    {
        if (disk_.broken()) return Error::corrupt;
        if (!disk_.changed()) return {};
        geometry_ = TRY(disk_.geometry());
        for (u32 i = 0; i < count_; ++i)
            client_[i].shared->sectors.store(geometry_.sectors, std::memory_order_release);
        return {};
    }

private:
    Result<void> complete()
    {
        for (Finished finished{}; TRY(disk_.take(finished));) {
            if (finished.owner.client == identity) {
                open(finished.status == block::Status::ok);
                continue;
            }
            Client& client = client_[finished.owner.client];
            --client.in_flight;
            answer(client, finished.owner.id, finished.status);
            if (client.settling && client.in_flight == 0) {
                client.settling = false;
                answer(client, client.settle_id, block::Status::ok);
            }
        }
        return {};
    }

    /// From here on clients are served: what they had queued for a predecessor is dropped, and the
    /// new epoch tells them.
    void open(bool has_serial)
    {
        for (u32 i = 0; i < count_; ++i) {
            Client& client = client_[i];
            block::Shared& shared = *client.shared;
            client.requests.drop_all();
            shared.sectors.store(geometry_.sectors, std::memory_order_relaxed);
            shared.read_only.store(geometry_.read_only, std::memory_order_relaxed);
            shared.has_flush.store(geometry_.has_flush, std::memory_order_relaxed);
            shared.block_bytes.store(geometry_.block_bytes, std::memory_order_relaxed);
            for (u32 c = 0; c < sizeof shared.serial; ++c)
                shared.serial[c] = has_serial && c < serial_bytes ? disk_.serial()[c] : '\0';
            client.epoch = shared.epoch.load(std::memory_order_relaxed) + 1;
            if (client.epoch == 0) client.epoch = 1;
            shared.epoch.store(client.epoch, std::memory_order_seq_cst);
            client.signal.signal();
        }
        open_ = true;
    }

    /// Takes requests, one of each client in turn. True when it stopped with some left.
    bool accept()
    {
        for (u32 round = 0; round < block::ring_entries; ++round) {
            bool any = false;
            for (u32 i = 0; i < count_; ++i) any |= accept_one(i);
            if (!any) return false;
        }
        return true;
    }
    bool room_for_completion(Client const& client) const
    {
        return client.completions.space() > client.in_flight;
    }
    bool accept_one(u32 index)
    {
        Client& client = client_[index];
        block::Request request;
        if (disk_.full() || client.settling || !room_for_completion(client)) return false;
        if (!client.requests.pop(request)) return false;
        if (client.requests.must_signal()) client.signal.signal(); // it waits for room
        if (request.epoch != client.epoch) return true; // asked of a predecessor: it asks again
        auto const status = check(client, request);
        if (status != block::Status::ok)
            answer(client, request.id, status);
        else
            begin(client, {index, request.id}, request);
        return true;
    }
    /// @param request  checked
    void begin(Client& client, Owner owner, block::Request const& request)
    {
        auto const operation = static_cast<block::Operation>(request.operation);
        bool const settle = operation == block::Operation::settle;
        if (settle && client.in_flight > 0) {
            client.settling = true;
            client.settle_id = request.id;
            return;
        }
        if (settle || (operation == block::Operation::flush && !geometry_.has_flush))
            return answer(client, request.id, block::Status::ok);
        ++client.in_flight;
        if (operation == block::Operation::flush)
            disk_.flush(owner);
        else
            disk_.transfer(owner, operation == block::Operation::write, request.sector,
                           client.pool + request.offset, request.bytes);
    }

    block::Status check(Client const& client, block::Request const& request) const
    {
        using enum block::Status;
        switch (static_cast<block::Operation>(request.operation)) {
        case block::Operation::flush:
        case block::Operation::settle:
            return request.bytes == 0 ? ok : bad_request;
        case block::Operation::read:
            break;
        case block::Operation::write:
            if (geometry_.read_only) return read_only;
            break;
        default:
            return bad_request;
        }
        u64 const bytes = request.bytes, sectors = bytes / 512;
        if (bytes == 0 || bytes > block::max_bytes || (bytes | request.offset) % 512 != 0)
            return bad_request;
        if (bytes > client.pool_bytes || request.offset > client.pool_bytes - bytes)
            return bad_request;
        if (sectors > geometry_.sectors || request.sector > geometry_.sectors - sectors)
            return bad_request;
        return ok;
    }

    void answer(Client& client, u64 id, block::Status status)
    {
        client.completions.push({id, static_cast<u32>(status), client.epoch}); // has room
    }

    /// Before waiting: true when nothing can be taken of this client and somebody will signal.
    bool sleep(Client& client)
    {
        if (disk_.full() || client.settling) return true; // the interrupt will
        if (room_for_completion(client)) return client.requests.sleep_if_empty();
        return client.in_flight > 0 || client.completions.sleep_if_full();
    }
};

} // namespace virtio_blk
