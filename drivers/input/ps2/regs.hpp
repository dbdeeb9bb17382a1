// Registers and commands of the PC's keyboard controller (i8042) and of the two devices behind it.
// [IBM Personal System/2 Hardware Interface Technical Reference, "Keyboard/Auxiliary Device
// Controller"; "101/102-Key Keyboard"; "Auxiliary device"]
#pragma once

#include "hw/reg.hpp"

namespace ps2 {

/// Offsets are from port 0x60.
struct Data {
    using Word = u8;
    static constexpr u16 offset = 0;
};
/// Read.
struct Status {
    using Word = u8;
    static constexpr u16 offset = 4;
    using OutputFull = hw::Bit<Status, 0>; ///< a byte waits for us
    using InputFull = hw::Bit<Status, 1>;  ///< the controller has not taken our last byte yet
    using FromMouse = hw::Bit<Status, 5>;  ///< whose the waiting byte is
    using Timeout = hw::Bit<Status, 6>;
    using ParityError = hw::Bit<Status, 7>;
    static constexpr u8 nobody = 0xff; ///< what an empty bus reads as
};
/// Write: a Command.
struct Control {
    using Word = u8;
    static constexpr u16 offset = 4;
};

enum class Command : u8 {
    read_configuration = 0x20,
    write_configuration = 0x60,
    disable_mouse = 0xa7,
    enable_mouse = 0xa8,
    disable_keyboard = 0xad,
    enable_keyboard = 0xae,
    to_mouse = 0xd4, ///< the next data byte goes to the mouse
};

/// The configuration byte: no port of its own, read and written by commands.
struct Configuration {
    using Word = u8;
    using KeyboardInterrupt = hw::Bit<Configuration, 0>;
    using MouseInterrupt = hw::Bit<Configuration, 1>;
    using KeyboardOff = hw::Bit<Configuration, 4>;
    using MouseOff = hw::Bit<Configuration, 5>;
    using Translate = hw::Bit<Configuration, 6>; ///< scan code set 2 to set 1
};

/// What keyboard and mouse are told, and say.
inline constexpr u8 set_leds = 0xed, get_id = 0xf2, enable = 0xf4, set_defaults = 0xf6;
inline constexpr u8 leave_wrap_mode = 0xec; ///< mouse
inline constexpr u8 acknowledged = 0xfa, resend = 0xfe;

} // namespace ps2
