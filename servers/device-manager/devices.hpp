// Devices and their drivers: which driver has which device, and what is done to a device when a
// driver gets it (attach.cpp) and when the driver ends (detach.cpp). A program of the system
// description has one device; its place in the description is its number here.
#pragma once

#include "composition/reader.hpp"
#include "interrupts.hpp"
#include "machine.hpp"
#include "pci/virtio.hpp"
#include "program/layout.hpp"
#include "protocol/device.hpp"

namespace device_manager {

inline constexpr usize max_vectors = 8, max_dma = 2;
/// What composition::Quiesce::bar means beside a number.
inline constexpr u8 quiesce_port = 0xff, quiesce_virtio_common = 0xfe;

/// Memory that a driver's device reaches. It stays when the driver ends, and its successor gets it.
struct DmaObject {
    u64 object = 0, physical = 0, bytes = 0; ///< object 0: none
    bool granted = false;                    ///< the device may reach it now
    u64 window = 0;                          ///< where we see it; 0: never had to yet
};

struct Attachment {
    bool attached = false;
    bool suspect = false; ///< it did not become quiet: what it may write to is in quarantine
    bool placed = false;  ///< `function` is the one it had last
    pci::Function function;
    u8 vector_count = 0;
    u8 vectors[max_vectors] = {};
    DmaObject dma[max_dma];
};

/// The answer of an Attach being put together.
class Values {
    device::Attach::Reply& out_;

public:
    explicit Values(device::Attach::Reply& out) : out_{out} {}
    /// Adds NAME or NAME.PART; false when there is no room or the name is too long.
    bool add(std::string_view name, std::string_view part, u64 value);
};

class Devices {
    Own& own_;
    composition::Reader const& system_;
    Machine& machine_;
    DeviceMemory& memory_;
    Interrupts& interrupts_;
    Ports& ports_;
    u64 cnodes_ = 0;                            // slots: program i's CNode while it is attached
    u64 next_window_ = program::layout::shared; // for DMA memory that we clear
    Attachment attachments_[composition::max_programs];

    struct Request; // an Attach being carried out

    pci::Device* device_of(u32 program);
    bool taken(pci::Function function, u32 except) const;

    Result<void> fulfil(Request& request);
    Result<void> interrupt_need(Request& request, composition::Need const& need);
    Result<void> memory_need(Request& request, composition::Need const& need);
    Result<void> pci_interrupt(Request& request, composition::Need const& need);
    Result<void> tell_time(Request& request);
    Result<void> hpet_interrupt(Request& request, composition::Need const& need);
    Result<void> handler_for(Request& request, composition::Need const& need, u8 vector);
    Result<void> give_bar(Request& request, composition::Need const& need);
    Result<void> give_framebuffer(Request& request, composition::Need const& need);
    Result<void> give_dma(Request& request, composition::Need const& need, usize number);
    Result<void> clear(DmaObject& dma);
    Result<void> grant_dma_window(u32 program, DmaObject& object);
    void virtio_values(Request& request);
    u32 volatile* msix_table(pci::Device const& device);
    bool shares_page(pci::Device const& device, pci::Bar const& bar);

    void take_back(u32 program);
    Result<u64> make_quiet(u32 program, pci::Device& device);
    bool names_port(u32 program, u32 port) const;
    bool run_quiesce_list(u32 program, pci::Device& device);
    u64 quiesce_register(pci::Device const& device, u8 bar, u64 offset, u64 bytes);
    bool reset(pci::Device& device);
    bool revive(pci::Device const& device);
    void interrupts_off(pci::Device const& device);
    void stop_hpet();

public:
    Devices(Own& own, composition::Reader const& system, Machine& machine, DeviceMemory& memory,
            Interrupts& interrupts, Ports& ports)
        : own_{own}, system_{system}, machine_{machine}, memory_{memory},
          interrupts_{interrupts}, ports_{ports}
    {
    }
    /// Makes what is needed later. @error no_memory
    Result<void> prepare();

    /// device::Attach. @param cnode  slot of the driver's CNode, which is moved away
    Result<void> attach(u32 program, u64 space, u64 cnode, device::Attach::Reply& out);
    /// device::Detach: how the device became quiet.
    Result<u64> detach(u32 program);
    /// device::Present.
    u64 present(u32 program);
    /// The program that has this function, or no_index.
    u32 driver_of(pci::Function function) const;
    u32 driver_of(std::string_view platform_id) const;
    /// Whether the description's program would take this function.
    bool matches(u32 program, pci::Device const& device) const;
    bool attached(u32 program) const { return attachments_[program].attached; }
    /// Of an attached driver with a PCI device; 0 for others.
    pci::Function function_of(u32 program) const
    {
        return attachments_[program].placed ? attachments_[program].function : pci::Function{};
    }
    bool platform_exists(std::string_view id) const;
    /// The device is not there any more: nobody has its registers.
    void forget(pci::Device const& device);
};

} // namespace device_manager
