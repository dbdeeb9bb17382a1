// The pages a program of ours is started with (rdi at its entry): its capabilities and numbers by
// name, so that no program relies on fixed slots. The starter fills it; the runtime reads only
// `ipc_buffer`, which lies where BootInfo has it, so that one start-up serves both kinds.
// A root server gets abi::BootInfo instead.
#pragma once

#include "abi/boot_info.hpp"
#include "kit/types.hpp"
#include <cstddef>

namespace runtime {

inline constexpr u64 arguments_magic = 0x3173'6772'6163'7068; ///< "hpcargs1"
inline constexpr usize max_named_values = 500;

/// A capability (its slot) or a number (an address, a size) under a name of up to 23 bytes.
struct NamedValue {
    char name[24];
    u64 value;
};

struct Arguments {
    u64 magic;
    u64 value_count;
    u64 reserved[2];
    u64 ipc_buffer;   ///< address of this thread's abi::IpcBuffer
    u64 parent_data;  ///< the starter's own; the program leaves it alone
    char program[80]; ///< name, zero terminated
    NamedValue values[max_named_values];

    /// The value called `name`, or `otherwise` when there is none. Slot 0 is never a capability.
    u64 value(char const* wanted, u64 otherwise = 0) const
    {
        for (usize i = 0; i < value_count && i < max_named_values; ++i)
            if (same(values[i].name, wanted)) return values[i].value;
        return otherwise;
    }

    /// Adds a value, for the starter. False when the page is full or the name too long.
    bool add(char const* name, u64 value)
    {
        usize length = 0;
        while (name[length]) ++length;
        if (value_count >= max_named_values || length >= sizeof(NamedValue::name)) return false;
        NamedValue& entry = values[value_count];
        for (usize i = 0; i < sizeof entry.name; ++i) entry.name[i] = i < length ? name[i] : 0;
        entry.value = value;
        ++value_count;
        return true;
    }

private:
    static bool same(char const (&stored)[24], char const* wanted)
    {
        for (usize i = 0; i < sizeof stored; ++i) {
            if (stored[i] != wanted[i]) return false;
            if (stored[i] == 0) return true;
        }
        return false;
    }
};
static_assert(sizeof(Arguments) <= 4 * 4096);
static_assert(offsetof(Arguments, ipc_buffer) == offsetof(abi::BootInfo, ipc_buffer));

} // namespace runtime
