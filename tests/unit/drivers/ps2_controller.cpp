// The PS/2 controller's layer against a fake controller with a keyboard and a mouse, started from
// every state that a predecessor, the firmware or another system can have left.
#include "drivers/input/ps2/controller.hpp"

#include "drivers/input/ps2/keyboard.hpp"
#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <vector>

namespace {

/// A device: takes commands, some with a parameter; has bytes to say.
struct FakeDevice {
    bool is_mouse = false, there = true;
    bool enabled = false, wrap = false;
    u8 id = 0, parameter_of = 0, leds = 0, set = 2;
    std::deque<u8> says;
    std::vector<u8> heard;

    void hear(u8 byte)
    {
        if (!there) return;
        heard.push_back(byte);
        if (wrap && byte != 0xec && byte != 0xff) return says.push_back(byte);
        if (parameter_of) {
            if (parameter_of == 0xed) leds = byte;
            if (parameter_of == 0xf0) {
                says.push_back(byte <= 3 ? 0xfa : 0xfe);
                if (byte <= 3) set = byte;
            } else {
                says.push_back(0xfa);
            }
            parameter_of = 0;
            return;
        }
        switch (byte) {
        case 0xec:
            wrap = false;
            says.push_back(0xfa);
            break;
        case 0xf6:
            enabled = !is_mouse;
            set = 2;
            says.push_back(0xfa);
            break;
        case 0xf4:
            enabled = true;
            says.push_back(0xfa);
            break;
        case 0xf2:
            says.push_back(0xfa);
            says.push_back(id);
            break;
        case 0xed:
            parameter_of = byte;
            says.push_back(0xfa);
            break;
        default:
            says.push_back(0xfe);
        }
    }
};

struct FakeController {
    u8 configuration = 0, command = 0;
    bool there = true, can_translate = true;
    int busy = 0; // status reads until it takes another byte
    FakeDevice keyboard, mouse;
    std::deque<u8> answers;

    FakeController() { mouse.is_mouse = true; }

    FakeDevice* speaker()
    {
        if (!(configuration & 0x10) && !keyboard.says.empty()) return &keyboard;
        if (!(configuration & 0x20) && !mouse.says.empty()) return &mouse;
        return nullptr;
    }
    u8 in8(u16 offset)
    {
        if (!there) return 0xff;
        if (offset == 4) {
            bool const full = !answers.empty() || speaker();
            bool const from_mouse = answers.empty() && speaker() == &mouse;
            return static_cast<u8>((full ? 1 : 0) | (busy > 0 && busy-- ? 2 : 0) | 0x14 |
                                   (from_mouse ? 0x20 : 0));
        }
        REQUIRE(offset == 0);
        if (!answers.empty()) return pop(answers);
        if (auto* const device = speaker()) return pop(device->says);
        return 0;
    }
    void out8(u16 offset, u8 value)
    {
        if (!there) return;
        REQUIRE(busy == 0); // bytes written too early are lost
        busy = 2;
        if (offset == 4) return take_command(value);
        u8 const pending = command;
        command = 0;
        if (pending == 0x60)
            configuration = can_translate ? value : value & 0xbf;
        else if (pending == 0xd4)
            mouse.hear(value);
        else
            keyboard.hear(value);
    }

private:
    static u8 pop(std::deque<u8>& bytes)
    {
        u8 const byte = bytes.front();
        bytes.pop_front();
        return byte;
    }
    void take_command(u8 value)
    {
        switch (value) {
        case 0x20:
            command = 0;
            answers.push_back(configuration);
            break;
        case 0x60:
        case 0xd4:
            command = value;
            break;
        case 0xa7:
            configuration |= 0x20;
            break;
        case 0xa8:
            configuration &= 0xdf;
            break;
        case 0xad:
            configuration |= 0x10;
            break;
        case 0xae:
            configuration &= 0xef;
            break;
        default:
            FAIL("a command the driver has no business with: " << unsigned{value});
        }
    }
};

struct Access {
    FakeController* fake;
    u8 in8(u16 offset) const { return fake->in8(offset); }
    void out8(u16 offset, u8 value) const { fake->out8(offset, value); }
};

using Controller = ps2::Controller<Access>;

void check_started(FakeController const& fake, Controller const& controller)
{
    CHECK(fake.keyboard.enabled);
    CHECK(fake.keyboard.set == 2);
    CHECK(fake.mouse.enabled);
    CHECK_FALSE(fake.mouse.wrap);
    CHECK((fake.configuration & 0x33) == 3); // both interrupt, both have their clock
    CHECK(controller.translated() == fake.can_translate);
    CHECK(controller.has_mouse());
    CHECK(fake.answers.empty());
}

} // namespace

TEST_CASE("start makes a known state from any other", "[ps2]")
{
    std::mt19937 random{1};
    for (int i = 0; i < 2000; ++i) {
        FakeController fake;
        fake.configuration = static_cast<u8>(random());
        u8 const commands[] = {0, 0x60, 0xd4}, parameters[] = {0, 0xed, 0xf0, 0xf3};
        fake.command = commands[random() % 3];
        fake.can_translate = random() % 4;
        fake.busy = static_cast<int>(random() % 20);
        fake.keyboard.parameter_of = parameters[random() % 4];
        fake.keyboard.set = static_cast<u8>(1 + random() % 3);
        fake.keyboard.enabled = random() % 2;
        u8 const mouse_parameters[] = {0, 0xe8, 0xf3}, ids[] = {0, 3, 4};
        fake.mouse.parameter_of = mouse_parameters[random() % 3];
        fake.mouse.wrap = random() % 3 == 0;
        if (fake.mouse.wrap) fake.mouse.parameter_of = 0;
        fake.mouse.enabled = random() % 2;
        fake.mouse.id = ids[random() % 3];
        for (auto n = random() % 20; n > 0; --n) fake.keyboard.says.push_back(0x1e);
        for (auto n = random() % 20; n > 0; --n) fake.mouse.says.push_back(0x08);
        Controller controller{Access{&fake}};
        INFO("state " << i);
        REQUIRE(controller.start());
        check_started(fake, controller);
        CHECK(controller.mouse_report() == (fake.mouse.id ? 4 : 3));
        CHECK(controller.start()); // and again, from that one
        check_started(fake, controller);
    }
}

TEST_CASE("a mouse or a keyboard need not be there", "[ps2]")
{
    FakeController fake;
    fake.mouse.there = false;
    Controller controller{Access{&fake}};
    REQUIRE(controller.start());
    CHECK_FALSE(controller.has_mouse());
    CHECK((fake.configuration & 0x33) == 0x21);
    CHECK(fake.keyboard.enabled);

    fake = {};
    fake.keyboard.there = false;
    REQUIRE(Controller{Access{&fake}}.start());
    CHECK(fake.mouse.enabled);
}

TEST_CASE("a machine without a controller is recognised", "[ps2]")
{
    FakeController fake;
    fake.there = false;
    Controller controller{Access{&fake}};
    CHECK(controller.start().error() == Error::absent);
    CHECK(controller.next().error() == Error::absent);
    CHECK(controller.to_keyboard(1).error() == Error::absent);
}

TEST_CASE("bytes come with their sender", "[ps2]")
{
    FakeController fake;
    Controller controller{Access{&fake}};
    REQUIRE(controller.start());
    CHECK(controller.next().error() == Error::not_found);
    fake.mouse.says = {0x08};
    fake.keyboard.says = {0x1e};
    auto first = controller.next();
    REQUIRE(first);
    CHECK((!first->from_mouse && first->value == 0x1e && !first->damaged));
    auto second = controller.next();
    REQUIRE(second);
    CHECK((second->from_mouse && second->value == 0x08));
}

TEST_CASE("a device that only talks does not keep the driver from starting", "[ps2]")
{
    struct Noise {
        u32* reads;
        u8 in8(u16 offset) const
        {
            ++*reads;
            return offset == 4 ? 0x35 : 0x11; // always something, of keyboard or mouse
        }
        void out8(u16, u8) const {}
    };
    u32 reads = 0;
    ps2::Controller<Noise> controller{Noise{&reads}};
    CHECK(controller.start().error() == Error::absent); // no answer of the controller itself
    CHECK(reads < 200'000);
}
