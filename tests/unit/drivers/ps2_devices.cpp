// What keyboards and mice say, and hostile bytes: nothing is emitted that is not on page 7, no key
// stays down by a decoder's fault, and reports are found again after a lost byte.
#include "drivers/input/ps2/keyboard.hpp"
#include "drivers/input/ps2/mouse.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

struct Event {
    int usage, value;
    bool operator==(Event const&) const = default;
};
using Events = std::vector<Event>;
using Bytes = std::vector<u8>;

Events type(ps2::Keyboard& keyboard, Bytes const& bytes)
{
    Events events;
    for (u8 const byte : bytes)
        keyboard.feed(byte, [&](u8 usage, i16 value) { events.push_back({usage, value}); });
    return events;
}
Events type(bool translated, Bytes const& bytes)
{
    ps2::Keyboard keyboard{translated};
    return type(keyboard, bytes);
}

/// Make codes of set 2 and their usages: each key of the IBM 101/102-key keyboard, by its legend.
struct Key {
    char const* legend;
    Bytes make;
    int usage;
};
Key const keys[] = {
    {"Esc", {0x76}, 0x29},
    {"F1", {0x05}, 0x3a},
    {"F2", {0x06}, 0x3b},
    {"F3", {0x04}, 0x3c},
    {"F4", {0x0c}, 0x3d},
    {"F5", {0x03}, 0x3e},
    {"F6", {0x0b}, 0x3f},
    {"F7", {0x83}, 0x40},
    {"F8", {0x0a}, 0x41},
    {"F9", {0x01}, 0x42},
    {"F10", {0x09}, 0x43},
    {"F11", {0x78}, 0x44},
    {"F12", {0x07}, 0x45},
    {"`", {0x0e}, 0x35},
    {"1", {0x16}, 0x1e},
    {"2", {0x1e}, 0x1f},
    {"3", {0x26}, 0x20},
    {"4", {0x25}, 0x21},
    {"5", {0x2e}, 0x22},
    {"6", {0x36}, 0x23},
    {"7", {0x3d}, 0x24},
    {"8", {0x3e}, 0x25},
    {"9", {0x46}, 0x26},
    {"0", {0x45}, 0x27},
    {"-", {0x4e}, 0x2d},
    {"=", {0x55}, 0x2e},
    {"Backspace", {0x66}, 0x2a},
    {"Tab", {0x0d}, 0x2b},
    {"Q", {0x15}, 0x14},
    {"W", {0x1d}, 0x1a},
    {"E", {0x24}, 0x08},
    {"R", {0x2d}, 0x15},
    {"T", {0x2c}, 0x17},
    {"Y", {0x35}, 0x1c},
    {"U", {0x3c}, 0x18},
    {"I", {0x43}, 0x0c},
    {"O", {0x44}, 0x12},
    {"P", {0x4d}, 0x13},
    {"[", {0x54}, 0x2f},
    {"]", {0x5b}, 0x30},
    {"\\", {0x5d}, 0x31},
    {"Caps Lock", {0x58}, 0x39},
    {"A", {0x1c}, 0x04},
    {"S", {0x1b}, 0x16},
    {"D", {0x23}, 0x07},
    {"F", {0x2b}, 0x09},
    {"G", {0x34}, 0x0a},
    {"H", {0x33}, 0x0b},
    {"J", {0x3b}, 0x0d},
    {"K", {0x42}, 0x0e},
    {"L", {0x4b}, 0x0f},
    {";", {0x4c}, 0x33},
    {"'", {0x52}, 0x34},
    {"Enter", {0x5a}, 0x28},
    {"left Shift", {0x12}, 0xe1},
    {"102nd", {0x61}, 0x64},
    {"Z", {0x1a}, 0x1d},
    {"X", {0x22}, 0x1b},
    {"C", {0x21}, 0x06},
    {"V", {0x2a}, 0x19},
    {"B", {0x32}, 0x05},
    {"N", {0x31}, 0x11},
    {"M", {0x3a}, 0x10},
    {",", {0x41}, 0x36},
    {".", {0x49}, 0x37},
    {"/", {0x4a}, 0x38},
    {"right Shift", {0x59}, 0xe5},
    {"left Ctrl", {0x14}, 0xe0},
    {"left Alt", {0x11}, 0xe2},
    {"Space", {0x29}, 0x2c},
    {"right Alt", {0xe0, 0x11}, 0xe6},
    {"right Ctrl", {0xe0, 0x14}, 0xe4},
    {"left GUI", {0xe0, 0x1f}, 0xe3},
    {"right GUI", {0xe0, 0x27}, 0xe7},
    {"Application", {0xe0, 0x2f}, 0x65},
    {"Insert", {0xe0, 0x70}, 0x49},
    {"Delete", {0xe0, 0x71}, 0x4c},
    {"Home", {0xe0, 0x6c}, 0x4a},
    {"End", {0xe0, 0x69}, 0x4d},
    {"Page Up", {0xe0, 0x7d}, 0x4b},
    {"Page Down", {0xe0, 0x7a}, 0x4e},
    {"up", {0xe0, 0x75}, 0x52},
    {"down", {0xe0, 0x72}, 0x51},
    {"left", {0xe0, 0x6b}, 0x50},
    {"right", {0xe0, 0x74}, 0x4f},
    {"Num Lock", {0x77}, 0x53},
    {"keypad 7", {0x6c}, 0x5f},
    {"keypad 4", {0x6b}, 0x5c},
    {"keypad 1", {0x69}, 0x59},
    {"keypad /", {0xe0, 0x4a}, 0x54},
    {"keypad 8", {0x75}, 0x60},
    {"keypad 5", {0x73}, 0x5d},
    {"keypad 2", {0x72}, 0x5a},
    {"keypad 0", {0x70}, 0x62},
    {"keypad *", {0x7c}, 0x55},
    {"keypad 9", {0x7d}, 0x61},
    {"keypad 6", {0x74}, 0x5e},
    {"keypad 3", {0x7a}, 0x5b},
    {"keypad .", {0x71}, 0x63},
    {"keypad -", {0x7b}, 0x56},
    {"keypad +", {0x79}, 0x57},
    {"keypad Enter", {0xe0, 0x5a}, 0x58},
    {"Scroll Lock", {0x7e}, 0x47},
    {"F13", {0x08}, 0x68},
    {"F23", {0x57}, 0x72},
    {"F24", {0x5f}, 0x73},
    {"Ro", {0x51}, 0x87},
    {"Kana", {0x13}, 0x88},
    {"Yen", {0x6a}, 0x89},
    {"Henkan", {0x64}, 0x8a},
    {"Muhenkan", {0x67}, 0x8b},
    {"keypad ,", {0x6d}, 0x85},
    {"Mute", {0xe0, 0x23}, 0x7f},
    {"volume up", {0xe0, 0x32}, 0x80},
    {"volume down", {0xe0, 0x21}, 0x81},
    {"Power", {0xe0, 0x37}, 0x66},
};

Bytes released(Bytes make)
{
    make.insert(make.end() - 1, 0xf0);
    return make;
}
/// What a translating controller makes of bytes of set 2.
Bytes translated(Bytes const& bytes)
{
    Bytes out;
    u8 up = 0;
    for (u8 const byte : bytes) {
        if (byte == 0xf0) {
            up = 0x80;
            continue;
        }
        out.push_back(byte >= 0xe0 ? byte : static_cast<u8>(ps2::set1_of(byte) | up));
        if (byte < 0xe0) up = 0;
    }
    return out;
}

} // namespace

TEST_CASE("each key goes down, repeats and goes up, in both sets", "[ps2]")
{
    std::set<int> usages;
    for (auto const& key : keys) {
        INFO(key.legend);
        Bytes bytes = key.make;
        bytes.insert(bytes.end(), key.make.begin(), key.make.end());
        for (u8 const byte : released(key.make)) bytes.push_back(byte);
        Events const expected{{key.usage, 1}, {key.usage, 2}, {key.usage, 0}};
        CHECK(type(false, bytes) == expected);
        CHECK(type(true, translated(bytes)) == expected);
        CHECK(usages.insert(key.usage).second);
    }
}

TEST_CASE("Pause, Break, Print Screen and the shifts around them", "[ps2]")
{
    Bytes const pause{0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77};
    Events const pressed{{0x48, 1}, {0x48, 0}};
    CHECK(type(false, pause) == pressed);
    CHECK(type(true, {0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5}) == pressed);
    CHECK(type(true, {0xe0, 0x46, 0xe0, 0xc6}) == pressed);
    Bytes const print{0xe0, 0x12, 0xe0, 0x7c, 0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12};
    CHECK(type(false, print) == Events{{0x46, 1}, {0x46, 0}});
    CHECK(type(true, translated(print)) == Events{{0x46, 1}, {0x46, 0}});
    CHECK(type(true, {0x54, 0xd4}) == Events{{0x46, 1}, {0x46, 0}});
    CHECK(type(true, {0xf2, 0xf1}) == Events{{0x90, 1}, {0x90, 0}, {0x91, 1}, {0x91, 0}});
}

TEST_CASE("after an overrun no key stays down", "[ps2]")
{
    ps2::Keyboard keyboard{true};
    CHECK(type(keyboard, {0x1e, 0x2a}) == Events{{0x04, 1}, {0xe1, 1}});
    CHECK(type(keyboard, {0xff}) == Events{{0x04, 0}, {0xe1, 0}});
    CHECK(type(keyboard, {0x1e}) == Events{{0x04, 1}});
}

TEST_CASE("hostile bytes: usages of keys only, downs and ups alternate", "[ps2]")
{
    std::mt19937 random{7};
    for (bool const set1 : {false, true}) {
        ps2::Keyboard keyboard{set1};
        std::set<int> down;
        for (int i = 0; i < 300'000; ++i) {
            auto const events = type(keyboard, {static_cast<u8>(random())});
            REQUIRE(events.size() <= 256);
            for (auto const& event : events) {
                REQUIRE(event.usage >= 0x04);
                REQUIRE(event.usage <= 0xe7);
                if (event.value == 1) REQUIRE(down.insert(event.usage).second);
                if (event.value == 2) REQUIRE(down.count(event.usage) == 1);
                if (event.value == 0) down.erase(event.usage);
            }
        }
        for (auto const& event : type(keyboard, {0})) down.erase(event.usage);
        CHECK(down.empty());
        // And it still understands a keyboard.
        CHECK(type(keyboard, set1 ? Bytes{0x1e} : Bytes{0x1c}) == Events{{0x04, 1}});
    }
}

namespace {

struct Seen {
    std::vector<std::string> events;
    void feed(ps2::Mouse& mouse, Bytes const& bytes)
    {
        for (u8 const byte : bytes)
            mouse.feed(
                byte,
                [&](int x, int y) {
                    events.push_back(std::to_string(x) + "," + std::to_string(y));
                },
                [&](int number, bool is_down) {
                    events.push_back((is_down ? "down" : "up") + std::to_string(number));
                });
    }
};
using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("reports are motion with y down, and changes of buttons", "[ps2]")
{
    ps2::Mouse mouse;
    Seen seen;
    seen.feed(mouse,
              {0x08, 5, 3, 0x38, 0xff, 0xfe, 0x09, 0, 0, 0x09, 0, 0, 0x0e, 0, 0, 0x08, 0, 0});
    CHECK(seen.events == Lines{"5,-3", "-1,2", "down0", "up0", "down1", "down2", "up1", "up2"});
}

TEST_CASE("the largest motion arrives, an overflow does not", "[ps2]")
{
    ps2::Mouse mouse;
    Seen seen;
    seen.feed(mouse, {0x38, 0, 0, 0x08, 255, 255, 0x48, 1, 1, 0x88, 1, 1});
    CHECK(seen.events == Lines{"-256,256", "255,-255"});
}

TEST_CASE("four byte reports lose their wheel", "[ps2]")
{
    ps2::Mouse mouse{4};
    Seen seen;
    seen.feed(mouse, {0x08, 1, 0, 0xff, 0x08, 2, 0, 1});
    CHECK(seen.events == Lines{"1,0", "2,0"});
}

TEST_CASE("after a lost byte, reports are found again", "[ps2]")
{
    std::mt19937 random{3};
    for (int lost = 0; lost < 9; ++lost) {
        Bytes stream;
        for (int i = 0; i < 60; ++i) {
            u8 const x = static_cast<u8>(random() % 8); // a hand that moves slowly
            stream.insert(stream.end(), {0x08, x, static_cast<u8>(random() % 8)});
        }
        Bytes const tail{0x08, 77, 0};
        stream.erase(stream.begin() + lost);
        stream.insert(stream.end(), tail.begin(), tail.end());
        ps2::Mouse mouse;
        Seen seen;
        seen.feed(mouse, stream);
        CHECK(seen.events.back() == "77,0");
    }
    ps2::Mouse mouse;
    Seen seen;
    seen.feed(mouse, {0x08, 1});
    mouse.forget();
    seen.feed(mouse, {0x08, 2, 0});
    CHECK(seen.events == Lines{"2,0"});
}

TEST_CASE("hostile bytes of a mouse stay within its ranges", "[ps2]")
{
    std::mt19937 random{9};
    ps2::Mouse mouse;
    for (int i = 0; i < 300'000; ++i)
        mouse.feed(
            static_cast<u8>(random()),
            [](int x, int y) { REQUIRE((x >= -256 && x <= 255 && y >= -255 && y <= 256)); },
            [](int number, bool) { REQUIRE((number >= 0 && number <= 2)); });
}
