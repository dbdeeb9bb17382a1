// What the machine consists of, found once at the start: firmware tables, the way to PCI
// configuration space, all PCI functions. Functions are left without bus mastering and interrupts
// until a driver is attached.
#pragma once

#include "acpi/devices.hpp"
#include "acpi/fadt.hpp"
#include "device_memory.hpp"
#include "pci/ecam.hpp"
#include "pci/enumerate.hpp"
#include "pci/express.hpp"
#include "pci/plugged.hpp"
#include "pci/ports.hpp"
#include "ports.hpp"
#include <optional>

namespace device_manager {

/// The framebuffer that the loader set up, from the boot information.
struct Framebuffer {
    u64 address = 0; ///< physical; 0: none
    u32 pitch = 0, width = 0, height = 0;
    u8 bits = 0;
    u8 red_shift = 0, green_shift = 0, blue_shift = 0;
    u64 bytes() const { return u64{pitch} * height; }
};
Framebuffer read_framebuffer(std::span<u8 const> payload);

/// Configuration space in memory, mapped two buses at a time when it is first looked at.
class EcamWindow {
    DeviceMemory& memory_;
    acpi::Ecam ecam_{};
    std::array<u8 volatile*, 256> bus_{};

public:
    explicit EcamWindow(DeviceMemory& memory) : memory_{memory} {}
    void use(acpi::Ecam const& ecam) { ecam_ = ecam; }
    u8 volatile* bus(u8 number);
};

class Machine {
    DeviceMemory& memory_;
    EcamWindow window_;
    pci::EcamConfig<EcamWindow> ecam_;
    pci::PortConfig<sys::IoPort> port_config_;
    pci::Config* config_ = &port_config_;
    std::optional<acpi::Rsdp> rsdp_;

    handover::Devices const& given_;
    u64 config_space_ = 0; ///< where it lies in memory, if it does

    void calm(pci::Device const& device);
    bool nothing_is_placed();
    void place_all(u8 last_bus);

public:
    pci::Inventory inventory;
    Framebuffer framebuffer;
    /// Bytes to map for the framebuffer from the page it begins in: whole large pages where that
    /// is still the display's own BAR, since 500 small ones make a restart 25 ms longer.
    u64 framebuffer_span();
    u64 hpet = 0;            ///< physical address, 0: none
    bool remaps_dma = false; ///< there are VT-d units, which we do not use yet

    Machine(DeviceMemory& memory, Ports& ports, handover::Devices const& given);

    /// Looks at tables and buses.
    void explore();
    pci::Config& config() { return *config_; }
    /// A table by its signature, checked; empty when there is none that is sound.
    std::span<u8 const> table(std::string_view signature);
    std::span<u8 const> table_at(u64 address, std::string_view signature);

    /// Adds what was plugged in behind `bridge`, with addresses. @error not_found, no_memory
    Result<void> add_behind(pci::Bridge const& bridge);
};

} // namespace device_manager
