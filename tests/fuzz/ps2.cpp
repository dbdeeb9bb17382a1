// Bytes of a keyboard and a mouse: the first byte of the input says what they are sent to.
#include "drivers/input/ps2/keyboard.hpp"
#include "drivers/input/ps2/mouse.hpp"

#include <cstdlib>
#include <span>

namespace {

void keyboard(bool translated, std::span<u8 const> bytes)
{
    ps2::Keyboard keyboard{translated};
    std::bitset<256> down;
    for (u8 const byte : bytes)
        keyboard.feed(byte, [&down](u8 usage, i16 value) {
            if (usage < 0x04 || usage > 0xe7) abort();
            if (value != ps2::key_up && down[usage] != (value == ps2::key_repeated)) abort();
            down[usage] = value != ps2::key_up;
        });
    keyboard.release_all([&down](u8 usage, i16) { down[usage] = false; });
    if (down.any()) abort();
}

void mouse(unsigned report_bytes, std::span<u8 const> bytes)
{
    ps2::Mouse mouse{report_bytes};
    unsigned buttons = 0;
    for (u8 const byte : bytes)
        mouse.feed(
            byte,
            [](int x, int y) {
                if (x < -256 || x > 255 || y < -255 || y > 256) abort();
            },
            [&buttons](u8 number, bool down) {
                if (number > 2 || (buttons >> number & 1) == down) abort();
                buttons ^= 1u << number;
            });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size);
extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    if (size == 0) return 0;
    std::span<u8 const> const bytes{data + 1, size - 1};
    switch (data[0] & 3) {
    case 0:
    case 1:
        keyboard(data[0] & 1, bytes);
        break;
    default:
        mouse(data[0] & 1 ? 3 : 4, bytes);
    }
    return 0;
}
