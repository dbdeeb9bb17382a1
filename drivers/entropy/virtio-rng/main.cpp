// The driver of a virtio entropy device: keeps the ring of its one client full.
#include "device.hpp"
#include "driver/base.hpp"
#include "virtio/places.hpp"

namespace {

class Driver : driver::Base {
    program::ClientEdge client_ = self_.client("random", 0);
    virtio_rng::Device<hw::Mmio> device_;
    queue::Sender<virtio_rng::Device<hw::Mmio>::Ring> ring_;

public:
    explicit Driver(program::Program const& self) : Base{self}
    {
        auto const started =
            device_.start(virtio::places(self, "irq0"), driver::Device{self}.dma("dma"));
        if (!started) fail("unusable", started.error(), driver::unusable);
        if (client_.shared == nullptr) return; // nobody wants anything
        ring_ = queue::Sender{&client_.memory<entropy::RandomShared>()->bytes};
        run();
    }
    void on_signal(u64 bits)
    {
        if (irq_.among(bits)) {
            device_.clear_interrupt();
            acknowledge();
        }
        if (client_.shared != nullptr) run();
    }

private:
    void run()
    {
        if (auto const done = device_.run(ring_); !done)
            fail("a false answer", done.error(), driver::lied);
        if (ring_.must_signal()) client_.signal.signal();
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Driver driver{self};
    program::serve_signals(self, driver);
}
