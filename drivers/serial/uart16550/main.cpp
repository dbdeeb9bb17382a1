// The UART driver: moves bytes between the device (device.hpp) and the two rings it shares with its
// one client (libs/protocol/serial.hpp). All it may touch is in driver.toml: eight ports and one
// interrupt. It sleeps until the device interrupts or the client has pushed something.
#include "device.hpp"
#include "driver/device.hpp"
#include "protocol/serial.hpp"
#include <utility>

namespace {

class Driver {
    program::Program const& self_;
    driver::IrqLine irq_;
    uart16550::Device<driver::PortRange> device_;
    sys::Notification client_;
    queue::Producer received_;
    queue::Consumer to_send_;
    serial::Shared* shared_ = nullptr;
    bool owes_client_ = true; // it has not been told yet that everything was sent
    u64 meanwhile_ = 0;       // signals that came while much was sent

public:
    explicit Driver(program::Program const& self)
        : self_{self}, irq_{driver::Device{self}.irq("irq0")}, device_{driver::Device{self}.ports(
                                                                   "ports0")}
    {
        auto const edge = self.client("serial", 0);
        shared_ = edge.memory<serial::Shared>();
        if (!shared_) driver::give_up(self, driver::not_given);
        client_ = edge.signal;
        received_ = queue::Producer{&shared_->receive};
        to_send_ = queue::Consumer{&shared_->transmit};
        device_.start();
        on_signal(0); // whatever came meanwhile
    }

    void on_signal(u64 bits)
    {
        serve_device();
        // The line is edge triggered: an edge that comes while it is masked (before acknowledge) is
        // lost. So look again afterwards, until the device asks for nothing.
        for (bool again = irq_.among(bits | std::exchange(meanwhile_, 0)); again;) {
            if (!irq_.acknowledge()) runtime::exit(driver::not_given);
            again = device_.interrupts();
            if (again) serve_device();
        }
        meanwhile_ = 0; // whatever it was, the device was served and acknowledged since
    }

private:
    void serve_device()
    {
        receive();
        send();
        // A source that nothing can be done about now must not interrupt: it would for ever. The
        // client signals after it has taken bytes from a full ring, which brings us back here.
        device_.interrupt_on(received_.space() > 0, owes_client_);
    }

    void receive()
    {
        bool any = false;
        // With the ring full, bytes stay in the device; its FIFO holds the sender back or overruns.
        while (received_.space() > 0 && device_.has_received()) {
            received_.push(device_.receive());
            any = true;
        }
        if (any) client_.signal();
    }

    /// An emulated device takes all that there is at once: that takes long.
    void beat()
    {
        u64 const bits = self_.wake().poll();
        self_.beat(bits);
        meanwhile_ |= bits;
    }

    /// Tells the client when half of the ring is free again (it may refill before the line falls
    /// silent), and when all is out.
    void send()
    {
        constexpr u32 beat_every = 16; // FIFOs full
        constexpr u32 half = queue::ByteRing::capacity / 2;
        u8 byte = 0;
        u32 rounds = 0;
        for (u32 before; (before = to_send_.size()) > 0 && device_.can_send();) {
            owes_client_ = true;
            for (int i = 0; i < uart16550::fifo_size && to_send_.pop(byte); ++i) device_.send(byte);
            if (before > half && to_send_.size() <= half) client_.signal();
            if (++rounds % beat_every == 0) beat();
        }
        if (owes_client_ && to_send_.size() == 0 && device_.can_send()) {
            owes_client_ = false;
            shared_->sent.store(shared_->transmit.popped.load(std::memory_order_relaxed),
                                std::memory_order_release);
            client_.signal();
        }
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    Driver driver{self};
    program::serve_signals(self, driver);
}
