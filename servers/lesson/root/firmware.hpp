// The firmware's ACPI tables, as far as the lesson needs them: which pins interrupts use, and how
// the machine is switched off. The tables lie in device memory; libs/acpi checks them.
#pragma once

#include "abi/boot_info.hpp"
#include "device_memory.hpp"
#include <string_view>

namespace root {

class Firmware {
    DeviceMemory& memory_;
    std::span<u8 const> rsdp_;

public:
    Firmware(abi::BootInfo const& info, DeviceMemory& memory);
    /// The table with this signature, checked; empty when there is none that is sound.
    std::span<u8 const> table(std::string_view signature);
    /// A table by its physical address.
    std::span<u8 const> table_at(u64 address, std::string_view signature);
};

} // namespace root
