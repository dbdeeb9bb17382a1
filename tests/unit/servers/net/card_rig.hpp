// A driver's end of protocol `nic` that a test plays, and the interface in front of it, over lwIP.
#pragma once

#include "lwip_port.hpp"

#include "lwip/apps/mdns.h"
#include "lwip/init.h"
#include "servers/net/interface.hpp"
#include "servers/net/packet_memory.hpp"
#include <cstring>
#include <memory>
#include <vector>

namespace card_rig {

struct Frame {
    nic::Segment head;
    std::vector<u8> bytes;
};

struct Rig {
    std::vector<u8> memory = std::vector<u8>((4 << 20) + 4096);
    std::unique_ptr<nic::Shared> shared = std::make_unique<nic::Shared>();
    std::unique_ptr<runtime::Arguments> arguments = std::make_unique<runtime::Arguments>();
    std::unique_ptr<program::SystemPage> system = std::make_unique<program::SystemPage>();
    std::unique_ptr<net_server::Interface> interface = std::make_unique<net_server::Interface>();
    program::Program self{given()};
    logging::Logger log;
    u32 names = 0;
    queue::Receiver<decltype(nic::Shared::buffers)> buffers{&shared->buffers};
    queue::Sender<decltype(nic::Shared::received)> received{&shared->received};
    queue::Receiver<decltype(nic::Shared::segments)> segments{&shared->segments};
    queue::Sender<decltype(nic::Shared::sent)> sent{&shared->sent};
    std::vector<nic::Buffer> posted;
    u8* pool;
    u32 epoch = 0;

    explicit Rig(u32 features = 0, net_server::Settings const& settings = {})
    {
        static bool const begun = (lwip_init(), mdns_resp_init(), true);
        (void)begun;
        pool = memory.data() + (-reinterpret_cast<uptr>(memory.data()) & 4095);
        system->program[1].state = static_cast<u32>(program::State::running);
        net_server::packet_memory.begin(pool, 4 << 20);
        program::Use use;
        use.shared = shared.get();
        use.pool = pool;
        use.pool_bytes = 4 << 20;
        use.peer = 1;
        interface->begin(self, use, 0, names, settings, "test", log);
        driver(features);
    }
    ~Rig() { interface->end(); }

    /// What a Program looks up once, when it is made.
    void* given()
    {
        arguments->add("system", reinterpret_cast<uptr>(system.get()));
        return arguments.get();
    }

    /// A (new) driver opens.
    void driver(u32 features)
    {
        u8 const mac[6] = {2, 0, 0, 0, 0, 9};
        std::memcpy(shared->address, mac, sizeof mac);
        std::strcpy(shared->model, "test card");
        shared->features = features;
        shared->buffer_bytes = 2048;
        shared->mtu = 1500;
        shared->link_up = 1;
        buffers.drop_all();
        segments.drop_all();
        posted.clear();
        shared->epoch = ++epoch;
        interface->run();
        take_buffers();
    }
    void take_buffers()
    {
        for (nic::Buffer each; buffers.pop(each);)
            if (each.epoch == epoch) posted.push_back(each);
    }
    /// Hands over a frame in pieces of at most `piece` bytes, as a driver without headers does;
    /// the last of those that come together has net run.
    bool receive(std::vector<u8> const& frame, u32 flags = 0, usize piece = 2048, bool last = true)
    {
        take_buffers();
        for (usize done = 0; done < frame.size();) {
            if (posted.empty()) return false;
            usize const bytes = std::min(piece, frame.size() - done);
            u32 const offset = posted.back().offset;
            posted.pop_back();
            std::memcpy(pool + offset, frame.data() + done, bytes);
            done += bytes;
            u32 const more = done < frame.size() ? nic::received::more : 0;
            received.push({offset, static_cast<u32>(bytes), flags | more, epoch});
        }
        if (last) interface->run();
        return true;
    }
    /// Frames to send; reported when `report`.
    std::vector<Frame> transmit(bool report = true)
    {
        interface->run();
        std::vector<Frame> frames;
        for (nic::Segment each; segments.pop(each);) {
            if (each.epoch != epoch) continue;
            if (each.flags & nic::segment::first) frames.push_back({each, {}});
            auto const* const data = pool + each.offset;
            frames.back().bytes.insert(frames.back().bytes.end(), data, data + each.bytes);
            if (report && (each.flags & nic::segment::last)) sent.push({each.id, 0, epoch, 0});
        }
        interface->run();
        return frames;
    }
};

} // namespace card_rig
