// The driver of a virtio entropy device: keeps the ring of its one client full.
#include "device.hpp"
#include "driver/device.hpp"
#include "log/logger.hpp"
#include "virtio/places.hpp"

namespace {

/// program::StatusPage::failed, besides driver::not_given.
constexpr int unusable = 3, lied = 4;

class Driver {
    program::Program const& self_;
    logging::Logger log_{self_};
    driver::IrqLine irq_{driver::Device{self_}.irq("irq0")};
    program::ClientEdge client_ = self_.client("random", 0);
    virtio_rng::Device<hw::Mmio> device_;
    queue::Sender<virtio_rng::Device<hw::Mmio>::Ring> ring_;

public:
    explicit Driver(program::Program const& self) : self_{self}
    {
        auto const started =
            device_.start(virtio::places(self, "irq0"), driver::Device{self}.dma("dma"));
        if (!started) fail("unusable", started.error(), unusable);
        if (client_.shared == nullptr) return; // nobody wants anything
        ring_ = queue::Sender{&client_.memory<entropy::RandomShared>()->bytes};
        run();
    }
    void on_signal(u64 bits)
    {
        if (irq_.among(bits)) {
            device_.clear_interrupt();
            if (!irq_.acknowledge()) driver::give_up(self_, driver::not_given);
        }
        if (client_.shared != nullptr) run();
    }

private:
    void run()
    {
        if (auto const done = device_.run(ring_); !done) fail("a false answer", done.error(), lied);
        if (ring_.must_signal()) client_.signal.signal();
    }
    [[noreturn]] void fail(char const* what, Error error, int why)
    {
        log_.error("{} (error {})", what, static_cast<u64>(error));
        driver::give_up(self_, why);
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Driver driver{self};
    program::serve_signals(self, driver);
}
