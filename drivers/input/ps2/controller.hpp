// The keyboard controller and its two devices: start from any state, bytes in, commands out. What
// the bytes mean is in keyboard.hpp and mouse.hpp. Access reaches ports 0x60 and 0x64.
#pragma once

#include "hw/ports.hpp"
#include "kit/result.hpp"
#include "regs.hpp"

namespace ps2 {

/// A byte that a device sent.
struct Byte {
    u8 value;
    bool from_mouse;
    bool damaged; ///< parity or timeout: the value means nothing
};

template <hw::PortAccess Access> class Controller {
    /// Reads of the status register that a device may take to answer: about 0.1 s on a PC, whose
    /// ports take a microsecond; devices answer in 20 ms.
    static constexpr u32 patience = 50'000;
    /// Bytes that old commands and keys can have left, at most.
    static constexpr u32 leftovers = 64;

    hw::Ports<Access> ports_;
    bool translated_ = false, has_mouse_ = false;
    u8 mouse_id_ = 0;

public:
    explicit Controller(Access access) : ports_{access} {}

    /// Brings controller, keyboard and mouse into a known state, whatever they were told before or
    /// wait for; what they had to say is thrown away. A mouse need not be there, nor a keyboard:
    /// one may be plugged in later.
    /// @error absent  there is no controller
    Result<void> start()
    {
        drop();
        TRY(write(Command::disable_keyboard));
        TRY(write(Command::disable_mouse));
        drop();
        // If somebody's command still waits for its byte, this one takes its place.
        TRY(write(Command::read_configuration));
        hw::Value<Configuration> configuration{TRY(answer(false))};
        configuration = configuration.with<Configuration::KeyboardInterrupt>(false)
                            .template with<Configuration::MouseInterrupt>(false)
                            .template with<Configuration::Translate>(true);
        TRY(configure(configuration));
        TRY(write(Command::read_configuration));
        configuration = {TRY(answer(false))};
        translated_ = configuration.get<Configuration::Translate>();

        TRY(write(Command::enable_mouse));
        start_mouse();
        TRY(write(Command::enable_keyboard));
        start_keyboard();
        return configure(configuration.with<Configuration::KeyboardInterrupt>(true)
                             .template with<Configuration::MouseInterrupt>(has_mouse_)
                             .template with<Configuration::KeyboardOff>(false)
                             .template with<Configuration::MouseOff>(!has_mouse_));
    }

    /// Whether scan codes are of set 1; else of set 2.
    bool translated() const { return translated_; }
    bool has_mouse() const { return has_mouse_; }
    /// Bytes of one report of the mouse: one with a wheel that somebody switched on sends four.
    unsigned mouse_report() const { return mouse_id_ == 3 || mouse_id_ == 4 ? 4 : 3; }

    /// The next byte that waits. @error not_found  there is none; absent  the controller is gone
    Result<Byte> next()
    {
        auto const status = ports_.template read<Status>();
        if (status.raw == Status::nobody) return Error::absent;
        if (!status.template get<Status::OutputFull>()) return Error::not_found;
        u8 const value = ports_.template read<Data>().raw;
        return Byte{value, status.template get<Status::FromMouse>(),
                    status.template get<Status::ParityError>() ||
                        status.template get<Status::Timeout>()};
    }
    /// To the keyboard, which answers later among its bytes. @error absent
    Result<void> to_keyboard(u8 byte)
    {
        TRY(wait_for_room());
        ports_.write(hw::Value<Data>{byte});
        return {};
    }

private:
    void drop()
    {
        for (u32 i = 0; i < leftovers && next(); ++i) {
        }
    }
    Result<void> wait_for_room()
    {
        for (u32 i = 0; i < patience; ++i) {
            auto const status = ports_.template read<Status>();
            if (status.raw == Status::nobody) break;
            if (!status.template get<Status::InputFull>()) return {};
        }
        return Error::absent;
    }
    Result<void> write(Command command)
    {
        TRY(wait_for_room());
        ports_.write(hw::Value<Control>{static_cast<u8>(command)});
        return {};
    }
    Result<void> configure(hw::Value<Configuration> configuration)
    {
        TRY(write(Command::write_configuration));
        return to_keyboard(configuration.raw);
    }
    /// Waits for a byte of the mouse, or of keyboard and controller; others' are dropped.
    Result<u8> answer(bool from_mouse)
    {
        for (u32 i = 0; i < patience; ++i) {
            auto const byte = next();
            if (!byte && byte.error() == Error::absent) break;
            if (byte && (*byte).from_mouse == from_mouse && !(*byte).damaged) return (*byte).value;
        }
        return Error::absent;
    }
    Result<void> tell(bool mouse, u8 byte)
    {
        if (mouse) TRY(write(Command::to_mouse));
        return to_keyboard(byte);
    }
    /// Tells a device one byte until it acknowledges. What it says before that is a key or a report
    /// that was under way.
    bool command(bool mouse, u8 byte)
    {
        if (!tell(mouse, byte)) return false;
        u32 again = 3;
        for (u32 i = 0; i < leftovers; ++i) {
            auto const said = answer(mouse);
            if (!said) return false;
            if (*said == acknowledged) return true;
            if (mouse && *said == byte) { // it echoes whatever it gets
                if (!tell(true, leave_wrap_mode) || !answer(true)) return false;
            } else if (*said != resend) {
                continue;
            }
            if (again-- == 0 || !tell(mouse, byte)) return false;
        }
        return false;
    }

    void start_mouse()
    {
        // Twice: what acknowledges the first may be a command that waited for its parameter.
        has_mouse_ = command(true, set_defaults) && command(true, set_defaults);
        mouse_id_ = 0;
        if (!has_mouse_ || !command(true, get_id)) return;
        if (auto const id = answer(true)) mouse_id_ = *id;
        command(true, enable);
    }
    void start_keyboard()
    {
        // The defaults are scan code set 2 and repeats of 11 a second after half a second.
        if (command(false, set_defaults) && command(false, set_defaults)) command(false, enable);
    }
};

} // namespace ps2
