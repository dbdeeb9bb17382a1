// A 16550A UART behind its eight ports. Everything the driver does to the hardware is here; what it
// does for its client is in main.cpp. Ports is any class with `u8 in8(u16)` and
// `void out8(u16, u8)`: the real ports are capabilities, a host test gives a fake.
#pragma once

#include "regs.hpp"

namespace uart16550 {

template <class Ports> class Device {
    Ports ports_;
    u8 enabled_ = 0; // what interrupt_enable holds

public:
    explicit Device(Ports ports) : ports_{ports} {}

    /// Brings the device into a known state from any other: also after a driver that died. The
    /// speed stays as it is, and nothing that has been received is thrown away, because somebody
    /// may have been typing while the system started.
    void start()
    {
        write(Register::interrupt_enable, 0);
        write(Register::line_control, line_control::eight_bits_no_parity);
        // Switching the FIFOs on clears them, so not when they are on already.
        auto const identity = read(Register::interrupt_identity);
        if ((identity & interrupt_identity::fifos_enabled) != interrupt_identity::fifos_enabled)
            write(Register::fifo_control, fifo_control::enable);
        write(Register::modem_control, modem_control::data_terminal_ready |
                                           modem_control::request_to_send |
                                           modem_control::interrupt_gate);
        interrupt_on(true, false);
    }

    /// Whether the device asks for attention. Reading takes back a "transmitter empty".
    bool interrupts()
    {
        return !(read(Register::interrupt_identity) & interrupt_identity::nothing_pending);
    }
    bool has_received() { return read(Register::line_status) & line_status::data_ready; }
    u8 receive() { return read(Register::receive_buffer); }
    /// Whether fifo_size bytes can be sent now.
    bool can_send() { return read(Register::line_status) & line_status::holding_empty; }
    void send(u8 byte) { write(Register::transmit_holding, byte); }
    bool all_sent() { return read(Register::line_status) & line_status::all_sent; }

    /// What may interrupt: bytes received, and a transmitter that has become empty.
    void interrupt_on(bool received, bool room)
    {
        auto const wanted = static_cast<u8>((received ? interrupt_enable::received : 0) |
                                            (room ? interrupt_enable::transmitter_empty : 0));
        if (wanted != enabled_) write(Register::interrupt_enable, enabled_ = wanted);
    }

private:
    u8 read(Register which) { return ports_.in8(static_cast<u16>(which)); }
    void write(Register which, u8 value) { ports_.out8(static_cast<u16>(which), value); }
};

} // namespace uart16550
