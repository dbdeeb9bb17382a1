// Registers of a 16550A UART. Two registers share offset 0, and two offset 2: one is read there,
// the other is written. [National Semiconductor PC16550D data sheet, "Registers"]
#pragma once

#include "hw/reg.hpp"

namespace uart16550 {

/// Read: the oldest byte received.
struct ReceiveBuffer {
    using Word = u8;
    static constexpr u16 offset = 0;
};
/// Write: the next byte to send.
struct TransmitHolding {
    using Word = u8;
    static constexpr u16 offset = 0;
};
struct InterruptEnable {
    using Word = u8;
    static constexpr u16 offset = 1;
    using Received = hw::Bit<InterruptEnable, 0>;
    using TransmitterEmpty = hw::Bit<InterruptEnable, 1>;
};
/// Read: what interrupts. Reading "transmitter empty" takes it back.
struct InterruptIdentity {
    using Word = u8;
    static constexpr u16 offset = 2;
    using NothingPending = hw::Bit<InterruptIdentity, 0>; ///< active low: 0 is an interrupt
    using FifosEnabled = hw::Field<InterruptIdentity, 7, 6>;
    static constexpr u8 fifos_on = 3;
};
/// Write.
struct FifoControl {
    using Word = u8;
    static constexpr u16 offset = 2;
    using Enable = hw::Bit<FifoControl, 0>;
};
struct LineControl {
    using Word = u8;
    static constexpr u16 offset = 3;
    using WordLength = hw::Field<LineControl, 1, 0>; ///< bits minus 5; the rest 0: no parity
    static constexpr u8 eight_bits = 3;
};
struct ModemControl {
    using Word = u8;
    static constexpr u16 offset = 4;
    using DataTerminalReady = hw::Bit<ModemControl, 0>;
    using RequestToSend = hw::Bit<ModemControl, 1>;
    using InterruptGate = hw::Bit<ModemControl, 3>; ///< OUT2: on a PC it connects the line
};
/// Read.
struct LineStatus {
    using Word = u8;
    static constexpr u16 offset = 5;
    using DataReady = hw::Bit<LineStatus, 0>;
    using HoldingEmpty = hw::Bit<LineStatus, 5>;
    using AllSent = hw::Bit<LineStatus, 6>;
};

/// Bytes the transmitter takes at once when the FIFOs are on.
inline constexpr int fifo_size = 16;

} // namespace uart16550
