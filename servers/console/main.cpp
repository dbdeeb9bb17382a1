// The console server: one session on up to two places, the serial line (bytes pass through) and the
// framebuffer (through the terminal). Nothing here waits: each source is moved on as far as there
// is room, and every wake-up looks at all of them. Why each is in README.md.
#include "program/program.hpp"
#include "protocol/console.hpp"
#include "protocol/input.hpp"
#include "protocol/log.hpp"
#include "protocol/serial.hpp"
#include "servers/console/boot_log.hpp"
#include "servers/console/display.hpp"
#include "servers/console/keyboard.hpp"
#include "servers/console/terminal.hpp"

namespace {

using program::State;

console_server::Screen screen; // half a megabyte, touched as far as it is used

class Console {
    program::Program const& self_;
    program::Use serial_ = self_.use("serial"), input_ = self_.use("input");
    queue::Consumer typed_;    // from the serial line
    queue::Producer transmit_; // to it
    queue::Receiver<decltype(input::Shared::events)> keys_;
    program::ClientEdge client_ = self_.client("console", 0);
    queue::Producer to_client_;
    queue::Consumer from_client_;
    console_server::Terminal terminal_{screen};
    console_server::DisplayEdge display_{self_.use("display"), screen, terminal_};
    console_server::Keyboard keyboard_;
    console_server::BootLog boot_log_{self_};
    u32 leds_shown_ = 0;
    bool client_waits_ = false; // its output ring was not empty

public:
    explicit Console(program::Program const& self) : self_{self}
    {
        if (auto* const shared = serial_.memory<serial::Shared>()) {
            typed_ = queue::Consumer{&shared->receive};
            transmit_ = queue::Producer{&shared->transmit};
        }
        if (auto* const shared = input_.memory<input::Shared>())
            keys_ = queue::Receiver<decltype(shared->events)>{&shared->events};
        if (auto* const shared = client_.memory<console::Shared>()) {
            to_client_ = queue::Producer{&shared->input};
            from_client_ = queue::Consumer{&shared->output};
        }
        // Only the first console shows how the system started; a successor's screen has it already.
        if (self.epoch() > 1) boot_log_.end();
        if (client_.signal) client_.signal.signal(); // it may wait for a predecessor
    }

    void on_signal(u64)
    {
        display_.look();
        bool input = take_serial();
        input |= take_keys();
        if (input) client_.signal.signal();
        show();
        tell_shown();
        display_.draw();
    }

private:
    /// Whether the serial line owes nothing of what it was given.
    bool serial_is_quiet() const
    {
        if (!serial_ || self_.state_of(serial_.peer) == State::absent) return true;
        auto const& shared = *serial_.memory<serial::Shared>();
        return shared.sent.load(std::memory_order_acquire) ==
               shared.transmit.pushed.load(std::memory_order_relaxed);
    }

    /// Tells the client how far its words are out, when that changes.
    void tell_shown()
    {
        if (!has_client() || !serial_is_quiet()) return;
        auto& shared = *client_.memory<console::Shared>();
        u32 const taken = shared.output.popped.load(std::memory_order_relaxed);
        if (shared.shown.exchange(taken, std::memory_order_acq_rel) != taken)
            client_.signal.signal();
    }

    bool has_client() const { return client_.shared != nullptr; }

    /// Bytes that the serial line takes now; without one, or with a driver that is gone for good,
    /// as many as anybody wants.
    u32 serial_space() const
    {
        if (!serial_ || self_.state_of(serial_.peer) == State::absent) return ~u32{0};
        return transmit_.space();
    }

    void put(u8 byte)
    {
        if (serial_ && transmit_.space() > 0) transmit_.push(byte);
        terminal_.put(byte);
    }

    /// Moves what was typed at the serial line on; bytes stay there when the client is slow.
    bool take_serial()
    {
        if (!serial_ || !has_client()) return false;
        u8 byte = 0;
        u32 taken = 0;
        while (to_client_.space() > 0 && typed_.pop(byte)) {
            to_client_.push(byte);
            ++taken;
        }
        if (taken > 0) serial_.signal.signal(); // there is room again
        return taken > 0;
    }

    bool take_keys()
    {
        if (!input_) return false;
        bool any = false;
        do {
            input::Event event;
            while (keys_.pop(event)) any |= take_key(event);
        } while (!keys_.sleep_if_empty());
        if (keyboard_.leds() != leds_shown_) {
            leds_shown_ = keyboard_.leds();
            input_.memory<input::Shared>()->leds.store(leds_shown_, std::memory_order_release);
            input_.signal.signal();
        }
        return any;
    }

    bool take_key(input::Event const& event)
    {
        auto const out = keyboard_.event(event);
        if (out.pages_back != 0) display_.look_back(out.pages_back);
        if (out.length == 0) return false;
        display_.look_back_end();
        // A key is taken whole or not at all.
        if (!has_client() || to_client_.space() < out.length) return false;
        for (char const byte : out.bytes()) to_client_.push(static_cast<u8>(byte));
        return true;
    }

    /// Shows what the client wrote, or until it does, what the system says.
    void show()
    {
        bool any = false;
        u8 byte = 0;
        if (has_client() && from_client_.size() > 0) boot_log_.end();
        while (auto const line = boot_log_.next(serial_space())) {
            for (char const c : *line) put(static_cast<u8>(c));
            any = true;
        }
        while (has_client() && serial_space() > 0 && from_client_.pop(byte)) {
            put(byte);
            any = true;
            client_waits_ = true;
            boot_log_.end();
        }
        if (!any) return;
        display_.look_back_end();
        if (serial_) serial_.signal.signal();
        if (client_waits_ && from_client_.size() == 0) {
            client_waits_ = false;
            client_.signal.signal(); // there is room, and everything is on its way
        }
    }
};

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static Console console{self};
    console.on_signal(0);
    program::serve_signals(self, console);
}
