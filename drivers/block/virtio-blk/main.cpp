// The disk driver: rings of clients on one side (server.hpp), the device on the other (disk.hpp).
// Whatever cannot be ends the program: the device-manager resets the device, a successor starts
// with an empty queue, and clients ask again.
#include "driver/base.hpp"
#include "server.hpp"
#include "virtio/places.hpp"

namespace {

using Registers = hw::Mmio;

class Driver : driver::Base {
    u64 heartbeat_ = self_.value("heartbeat.bit");
    virtio_blk::Disk<Registers> disk_;
    virtio_blk::Server<Registers> server_{disk_};
    bool ready_ = false;

public:
    explicit Driver(program::Program const& self) : Base{self}
    {
        auto const started =
            disk_.start(virtio::places(self, "irq0"), driver::Device{self}.dma("dma"));
        if (!started) fail("unusable", started.error(), driver::unusable);
        u64 const clients = self.clients("block");
        for (u64 n = 0; n < clients; ++n)
            if (auto const added = server_.add(self.client("block", n)); !added)
                fail("too many clients", added.error(), driver::not_given);
        if (auto const begun = server_.start(); !begun)
            fail("unusable", begun.error(), driver::unusable);
    }

    [[noreturn]] void live()
    {
        auto const wake = self_.wake();
        for (;;) {
            auto const idle = server_.run();
            if (!idle) fail("a false answer", idle.error(), driver::lied);
            if (!ready_ && server_.is_open()) get_ready();
            u64 const bits = *idle ? wake.wait() : wake.poll();
            if (irq_.among(bits)) on_interrupt();
            if (bits & heartbeat_) on_heartbeat(bits);
        }
    }

private:
    void on_interrupt()
    {
        disk_.clear_interrupt();
        acknowledge();
        if (disk_.sleep()) look_at_device(); // it was not for a request
    }
    void on_heartbeat(u64 bits)
    {
        self_.beat(bits);
        look_at_device(); // an interrupt that said so may have come together with a request's
    }
    void look_at_device()
    {
        if (auto const good = server_.look_at_device(); !good)
            fail("broken", good.error(), driver::lied);
    }
    void get_ready()
    {
        ready_ = true;
        auto const& geometry = server_.geometry();
        log_.info("{} of {}-byte blocks{}{}", text::size(geometry.sectors * 512),
                  geometry.block_bytes, geometry.read_only ? ", read-only" : "",
                  geometry.has_flush ? "" : ", no cache");
        self_.ready();
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Driver driver{self};
    driver.live();
}
