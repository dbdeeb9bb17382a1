// Registers of a 16550A UART: port offsets and bits. A register is a type, and a bit belongs to
// one register, so that a bit cannot be written to the wrong one.
// [National Semiconductor PC16550D data sheet, "Registers"]
#pragma once

#include "kit/types.hpp"

namespace uart16550 {

/// Offset from the first port. Two registers share an offset: one is read there, one is written.
enum class Register : u16 {
    receive_buffer = 0,     ///< read: the oldest byte received
    transmit_holding = 0,   ///< write: the next byte to send
    interrupt_enable = 1,   ///< write
    interrupt_identity = 2, ///< read: what interrupts; reading "transmitter empty" clears it
    fifo_control = 2,       ///< write
    line_control = 3,
    modem_control = 4,
    line_status = 5,  ///< read
    modem_status = 6, ///< read
};

namespace interrupt_enable {
inline constexpr u8 received = 1, transmitter_empty = 2;
}
namespace interrupt_identity {
inline constexpr u8 nothing_pending = 1; ///< active low: 0 means an interrupt waits
inline constexpr u8 fifos_enabled = 0xc0;
} // namespace interrupt_identity
namespace fifo_control {
inline constexpr u8 enable = 1;
}
namespace line_control {
inline constexpr u8 eight_bits_no_parity = 3;
}
namespace modem_control {
inline constexpr u8 data_terminal_ready = 1, request_to_send = 2;
inline constexpr u8 interrupt_gate = 8; ///< OUT2: on a PC it connects the interrupt line
} // namespace modem_control
namespace line_status {
inline constexpr u8 data_ready = 1, holding_empty = 0x20, all_sent = 0x40;
}

/// Bytes the transmitter takes at once when the FIFOs are on.
inline constexpr int fifo_size = 16;

} // namespace uart16550
