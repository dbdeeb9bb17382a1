// A 16550A UART behind its eight ports. Everything the driver does to the hardware is here; what it
// does for its client is in main.cpp. Access is the ports' capability, or a fake in host tests.
#pragma once

#include "hw/ports.hpp"
#include "regs.hpp"

namespace uart16550 {

template <hw::PortAccess Access> class Device {
    hw::Ports<Access> ports_;
    hw::Value<InterruptEnable> enabled_; // what the register holds

public:
    explicit Device(Access access) : ports_{access} {}

    /// Brings the device into a known state from any other: also after a driver that died. The
    /// speed stays as it is, and nothing that has been received is thrown away, because somebody
    /// may have been typing while the system started.
    void start()
    {
        ports_.write(hw::Value<InterruptEnable>{});
        ports_.write(
            hw::Value<LineControl>{}.with<LineControl::WordLength>(LineControl::eight_bits));
        // Switching the FIFOs on clears them, so not when they are on already.
        auto const identity = ports_.template read<InterruptIdentity>();
        if (identity.template get<InterruptIdentity::FifosEnabled>() != InterruptIdentity::fifos_on)
            ports_.write(hw::Value<FifoControl>{}.with<FifoControl::Enable>(true));
        ports_.write(hw::Value<ModemControl>{}
                         .with<ModemControl::DataTerminalReady>(true)
                         .with<ModemControl::RequestToSend>(true)
                         .with<ModemControl::InterruptGate>(true));
        enabled_ = {};
        interrupt_on(true, false);
    }

    /// Whether the device asks for attention. Reading takes back a "transmitter empty".
    bool interrupts()
    {
        return !ports_.template read<InterruptIdentity>()
                    .template get<InterruptIdentity::NothingPending>();
    }
    bool has_received() { return status().template get<LineStatus::DataReady>(); }
    u8 receive() { return ports_.template read<ReceiveBuffer>().raw; }
    /// Whether fifo_size bytes can be sent now.
    bool can_send() { return status().template get<LineStatus::HoldingEmpty>(); }
    void send(u8 byte) { ports_.write(hw::Value<TransmitHolding>{byte}); }
    bool all_sent() { return status().template get<LineStatus::AllSent>(); }

    /// What may interrupt: bytes received, and a transmitter that has become empty.
    void interrupt_on(bool received, bool room)
    {
        auto const wanted = hw::Value<InterruptEnable>{}
                                .with<InterruptEnable::Received>(received)
                                .with<InterruptEnable::TransmitterEmpty>(room);
        if (wanted != enabled_) ports_.write(enabled_ = wanted);
    }

private:
    hw::Value<LineStatus> status() { return ports_.template read<LineStatus>(); }
};

} // namespace uart16550
