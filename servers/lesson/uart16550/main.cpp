// The UART driver: moves bytes between the device (device.hpp) and the two rings it shares with its
// client (libs/protocol/serial.hpp). All it may touch is in driver.toml: eight ports, one
// interrupt. It sleeps until the device interrupts or the client has pushed something.
#include "driver/ports.hpp"
#include "drivers/serial/uart16550/device.hpp"
#include "protocol/serial.hpp"
#include "queue/byte_ring.hpp"
#include "runtime/arguments.hpp"
#include "runtime/runtime.hpp"
#include "sys/irq.hpp"

namespace {

class Driver {
    sys::Notification wake_, client_;
    sys::IrqHandler irq_;
    queue::Producer received_;
    queue::Consumer to_send_;
    uart16550::Device<driver::PortRange> device_;
    bool owes_client_ = false; // it has not been told yet that everything was sent

public:
    explicit Driver(runtime::Arguments const& arguments)
        : wake_{arguments.value("wake")}, client_{arguments.value("client")}, irq_{arguments.value(
                                                                                  "irq")},
          received_{ring(arguments, "receive")}, to_send_{ring(arguments, "transmit")},
          device_{driver::PortRange{sys::IoPort{arguments.value("ports")},
                                    static_cast<u16>(arguments.value("ports.first"))}}
    {
        // The kernel signals this capability, so its badge is what wait() returns then.
        if (!irq_.set_notification(sys::Notification{arguments.value("irq.signal")}))
            runtime::exit(driver::not_given);
        device_.start();
    }

    [[noreturn]] void run()
    {
        for (;;) {
            // The line is edge triggered: an edge that comes while it is masked (before ack) is
            // lost. So look again after ack, until the device asks for nothing.
            do {
                serve_device();
                if (!irq_.ack()) runtime::exit(driver::not_given);
            } while (device_.interrupts());
            wake_.wait();
        }
    }

private:
    static queue::ByteRing* ring(runtime::Arguments const& arguments, char const* name)
    {
        return reinterpret_cast<queue::ByteRing*>(arguments.value(name));
    }

    void serve_device()
    {
        receive();
        send();
        // A source that nothing can be done about now must not interrupt: it would for ever. The
        // client signals after it has taken bytes (it shows them), which brings us back here.
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

    void send()
    {
        u8 byte = 0;
        while (to_send_.size() > 0 && device_.can_send()) {
            owes_client_ = true;
            for (int i = 0; i < uart16550::fifo_size && to_send_.pop(byte); ++i) device_.send(byte);
        }
        if (owes_client_ && to_send_.size() == 0 && device_.can_send()) {
            owes_client_ = false;
            client_.signal();
        }
    }
};

} // namespace

int main(void* argument)
{
    Driver{*static_cast<runtime::Arguments const*>(argument)}.run();
}
