// The interrupt table of the PVH and multiboot2 loaders. Its stubs are in exceptions.S.
// [Intel SDM vol. 3A, "64-Bit Mode IDT", "Exception Handling in 64-bit Mode"]
#include "boot/common/exceptions.hpp"

#include "boot/common/console.hpp"
#include "kit/bits.hpp"
#include <array>

extern "C" u8 boot_exception_stubs[]; ///< 32 stubs of 16 bytes

namespace boot {
namespace {

constexpr usize vector_count = 32, stub_size = 16;
constexpr u16 code_segment = 0x08;
constexpr u16 present_interrupt_gate = 0x8e00;

struct Gate {
    u16 offset_low, segment, type, offset_middle;
    u32 offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

struct [[gnu::packed]] TablePointer {
    u16 limit;
    Gate const* base;
};

constinit std::array<Gate, vector_count> gates{};

/// The exceptions that push an error code: double fault, invalid TSS, segments, protection, page
/// fault, alignment, control protection.
constexpr u64 with_error_code =
    bit(8) | bit(10) | bit(11) | bit(12) | bit(13) | bit(14) | bit(17) | bit(21);

} // namespace

void catch_exceptions()
{
    for (usize i = 0; i < vector_count; ++i) {
        u64 const stub = reinterpret_cast<u64>(boot_exception_stubs) + i * stub_size;
        gates[i] = {static_cast<u16>(stub),       code_segment,
                    present_interrupt_gate,       static_cast<u16>(stub >> 16),
                    static_cast<u32>(stub >> 32), 0};
    }
    TablePointer const pointer{sizeof gates - 1, gates.data()};
    asm volatile("lidt %0" ::"m"(pointer));
}

} // namespace boot

/// Called from exceptions.S: `stack` points at what the CPU pushed.
extern "C" [[noreturn]] void boot_exception(u64 vector, u64 const* stack)
{
    using namespace boot;
    u64 const rip = stack[(with_error_code >> vector & 1) != 0 ? 1 : 0];
    u64 address;
    asm volatile("movq %%cr2, %0" : "=r"(address));
    print("hypercore: boot failed: loader: CPU exception ", vector, " at ", Hex{rip},
          ", last faulting address ", Hex{address}, "\n");
    stop_with_failure();
}
