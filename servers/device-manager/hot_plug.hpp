// Devices that come and go: PCI Express slots. A pressed button or a device_del of the emulator
// asks for a device: the supervisor hears of it, detaches the driver, and then the slot's power
// goes off. A device that was put in gets power and addresses, and the supervisor hears which
// program is for it. [PCI Express Base 5.0, "PCI Express Hot-Plug Support"]
#pragma once

#include "devices.hpp"

namespace device_manager {

inline constexpr unsigned first_slot_bit = 16; ///< of our notification; below are shared lines
inline constexpr usize max_slots = 16, max_events = 32;

class HotPlug {
    struct Port {
        pci::Slot slot;
        u8 vector = 0;
        bool wanted_back = false; ///< its device is to be taken out
    };
    Own& own_;
    composition::Reader const& system_;
    Machine& machine_;
    DeviceMemory& memory_;
    Interrupts& interrupts_;
    Devices& devices_;
    sys::Notification supervisor_;
    Port ports_[max_slots];
    usize port_count_ = 0;
    device::NextEvent::Reply events_[max_events];
    usize first_event_ = 0, event_count_ = 0;

    Result<void> listen(pci::Device const& bridge);
    void on_port(Port& port);
    void plugged_in(Port& port, pci::Bridge const& bridge);
    void taken_out(Port& port, pci::Bridge const& bridge);
    void ask_for_removal(pci::Bridge const& bridge);
    void tell(u32 program, bool appeared);
    bool in_use(pci::Bridge const& bridge) const;
    bool occupied(pci::Bridge const& bridge);
    pci::Bridge const* bridge_of(Port const& port) const;

public:
    HotPlug(Own& own, composition::Reader const& system, Machine& machine, DeviceMemory& memory,
            Interrupts& interrupts, Devices& devices, sys::Notification supervisor)
        : own_{own}, system_{system}, machine_{machine}, memory_{memory},
          interrupts_{interrupts}, devices_{devices}, supervisor_{supervisor}
    {
    }
    /// Lets every slot of the machine speak.
    void prepare();
    /// Our notification said that these slots (bit = number in our table) have something to say.
    void on_slots(u64 bits);
    /// A driver was detached: a slot may have waited for that.
    void after_detach();
    /// device::NextEvent.
    device::NextEvent::Reply next_event();
};

} // namespace device_manager
