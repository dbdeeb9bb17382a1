// The PS/2 driver: keyboard and mouse behind one controller, for one client by libs/protocol/
// input.hpp. It sleeps until a device interrupts or the client wants other lights.
#include "controller.hpp"
#include "driver/device.hpp"
#include "keyboard.hpp"
#include "mouse.hpp"
#include "protocol/input.hpp"

namespace {

constexpr int no_controller = 3;

/// Port 0x60 and port 0x64, each a need of its own: what lies between is not ours.
struct Access {
    driver::PortRange data, control;

    u8 in8(u16 offset) const { return offset == 0 ? data.in8(0) : control.in8(0); }
    void out8(u16 offset, u8 value) const
    {
        offset == 0 ? data.out8(0, value) : control.out8(0, value);
    }
};

class Driver {
    enum class Lights : u8 { idle, asked, sent };

    program::Program const& self_;
    driver::IrqLine keyboard_irq_, mouse_irq_;
    ps2::Controller<Access> controller_;
    ps2::Keyboard keyboard_;
    ps2::Mouse mouse_;
    input::Shared* shared_ = nullptr;
    queue::Sender<decltype(input::Shared::events)> events_;
    sys::Notification client_;
    Lights lights_ = Lights::idle;
    u8 lit_ = 0;

public:
    explicit Driver(program::Program const& self)
        : self_{self}, keyboard_irq_{driver::Device{self}.irq("keyboard")},
          mouse_irq_{driver::Device{self}.irq("mouse")}, controller_{Access{
                                                             driver::Device{self}.ports("data"),
                                                             driver::Device{self}.ports("control")}}
    {
        auto const edge = self.client("input", 0);
        shared_ = edge.memory<input::Shared>();
        if (!shared_) driver::give_up(self, driver::not_given);
        client_ = edge.signal;
        events_ = queue::Sender{&shared_->events};
        if (!controller_.start()) driver::give_up(self, no_controller);
        keyboard_ = ps2::Keyboard{controller_.translated()};
        mouse_ = ps2::Mouse{controller_.mouse_report()};
        ask_for_lights();
        on_signal(0); // whatever came meanwhile
    }

    void on_signal(u64 bits)
    {
        if (lit_ != wanted_lights()) ask_for_lights();
        take_all();
        for (auto const& irq : {keyboard_irq_, mouse_irq_})
            if (irq.among(bits) && !irq.acknowledge()) driver::give_up(self_, driver::not_given);
        // Both lines are edge triggered: what came before the acknowledge announces itself no more.
        take_all();
        if (events_.must_signal()) client_.signal();
    }

private:
    void take_all()
    {
        while (take_one()) {
        }
    }
    bool take_one()
    {
        auto const byte = controller_.next();
        if (!byte) {
            if (byte.error() == Error::absent) driver::give_up(self_, no_controller);
            return false;
        }
        if ((*byte).from_mouse)
            from_mouse(*byte);
        else if (!(*byte).damaged)
            from_keyboard((*byte).value);
        return true;
    }

    void from_keyboard(u8 byte)
    {
        if (lights_ != Lights::idle && (byte == ps2::acknowledged || byte == ps2::resend)) {
            // It takes the two bytes of the command one by one.
            bool const go_on = lights_ == Lights::asked && byte == ps2::acknowledged;
            lights_ = go_on && controller_.to_keyboard(lit_) ? Lights::sent : Lights::idle;
            return;
        }
        keyboard_.feed(byte, [this](u8 usage, i16 value) {
            push({static_cast<u16>(input::Kind::key), usage, value, 0});
        });
    }
    void from_mouse(ps2::Byte byte)
    {
        if (byte.damaged) return mouse_.forget();
        mouse_.feed(
            byte.value,
            [this](i16 x, i16 y) {
                push({static_cast<u16>(input::Kind::motion), 0, x, y});
            },
            [this](u8 number, bool down) {
                push({static_cast<u16>(input::Kind::button), number, down, 0});
            });
    }
    void push(input::Event const& event)
    {
        if (!events_.push(event)) shared_->lost.fetch_add(1, std::memory_order_relaxed);
    }

    /// As the keyboard wants them, which has other bits for them than the protocol.
    u8 wanted_lights() const
    {
        u32 const leds = shared_->leds.load(std::memory_order_acquire);
        return static_cast<u8>((leds & 1) << 1 | (leds & 2) << 1 | (leds & 4) >> 2);
    }
    /// Begins the command, from the start if one was under way. Without a keyboard nothing answers.
    void ask_for_lights()
    {
        lit_ = wanted_lights();
        lights_ = controller_.to_keyboard(ps2::set_leds) ? Lights::asked : Lights::idle;
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    Driver driver{self};
    program::serve_signals(self, driver);
}
