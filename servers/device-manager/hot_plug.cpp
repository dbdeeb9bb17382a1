// See hot_plug.hpp.
#include "hot_plug.hpp"

#include "hpet.hpp"
#include "pci/interrupt.hpp"

namespace device_manager {

namespace {

constexpr u64 link_wait_us = 5'000;
constexpr int link_waits = 20; ///< a link has 100 ms to come up

} // namespace

void HotPlug::prepare()
{
    for (pci::Device const& device : machine_.inventory.devices())
        if (device.is_bridge()) (void)listen(device); // a port without interrupts stays silent
}

Result<void> HotPlug::listen(pci::Device const& bridge)
{
    pci::Config& config = machine_.config();
    pci::Slot const slot = pci::Slot::of(config, bridge);
    if (!slot || port_count_ == max_slots) return {};
    if (bridge.msix.entries == 0 && bridge.capabilities.msi == 0) return Error::not_supported;
    auto const signal = own_.make_signal(bit(static_cast<unsigned>(first_slot_bit + port_count_)));
    if (!signal) return Error::no_memory;
    u8 const vector = TRY(interrupts_.take_message(bridge.at));
    if (!interrupts_.handler(vector).set_notification(*signal)) return Error::no_memory;
    ports_[port_count_++] = {slot, vector, false};
    (void)slot.take_status(config); // what happened before the start was seen by enumeration
    u16 const message = slot.listen(config);
    if (bridge.msix.entries == 0) {
        pci::enable_msi(config, bridge, message_to_us(vector));
        return {};
    }
    pci::Msix const& msix = bridge.msix;
    auto* const table = reinterpret_cast<u32 volatile*>(memory_.registers(
        bridge.bar[msix.table_bar].address + msix.table_offset, msix.table_bytes()));
    if (!table || message >= msix.entries) return Error::not_supported;
    config.change16(bridge.at, pci::reg_command, pci::command_memory, pci::command_memory);
    pci::enable_msix(config, bridge);
    pci::write_msix_entry(table, message, message_to_us(vector));
    return {};
}

void HotPlug::on_slots(u64 bits)
{
    for (usize i = 0; i < port_count_; ++i)
        if (bits >> (first_slot_bit + i) & 1) {
            (void)interrupts_.handler(ports_[i].vector).ack();
            on_port(ports_[i]);
        }
}

pci::Bridge const* HotPlug::bridge_of(Port const& port) const
{
    for (usize i = 0; i < machine_.inventory.bridge_count; ++i)
        if (machine_.inventory.bridge[i].at == port.slot.port())
            return &machine_.inventory.bridge[i];
    return nullptr;
}

bool HotPlug::occupied(pci::Bridge const& bridge)
{
    for (pci::Device const& device : machine_.inventory.devices())
        if (bridge.leads_to(device.at.bus())) return true;
    return false;
}

bool HotPlug::in_use(pci::Bridge const& bridge) const
{
    for (u32 i = 0; i < system_.header().program_count; ++i)
        if (devices_.attached(i) && bridge.leads_to(devices_.function_of(i).bus())) return true;
    return false;
}

void HotPlug::on_port(Port& port)
{
    pci::SlotStatus const status = port.slot.take_status(machine_.config());
    pci::Bridge const* const bridge = bridge_of(port);
    if (!bridge) return;
    bool const known = occupied(*bridge);
    if (known && !status.presence) return taken_out(port, *bridge);
    if (known && status.attention) {
        port.wanted_back = true;
        ask_for_removal(*bridge);
        return after_detach();
    }
    if (!known && status.presence && (status.presence_moved || status.attention))
        plugged_in(port, *bridge);
}

void HotPlug::plugged_in(Port& port, pci::Bridge const& bridge)
{
    pci::Config& config = machine_.config();
    port.slot.set_power(config, true);
    for (int i = 0; i < link_waits; ++i) {
        if (port.slot.take_status(config).link_up) break;
        own_.sleep_us(link_wait_us);
    }
    usize const before = machine_.inventory.device_count;
    if (!machine_.add_behind(bridge)) return;
    for (pci::Device const& device : machine_.inventory.devices().subspan(before))
        for (u32 i = 0; i < system_.header().program_count; ++i) {
            if (devices_.attached(i) || !devices_.matches(i, device)) continue;
            tell(i, true);
            break;
        }
}

/// The device is not there any more, asked or not.
void HotPlug::taken_out(Port& port, pci::Bridge const& bridge)
{
    ask_for_removal(bridge);
    for (pci::Device const& device : machine_.inventory.devices())
        if (bridge.leads_to(device.at.bus())) devices_.forget(device);
    pci::forget_buses(machine_.inventory, bridge.secondary, bridge.subordinate);
    port.slot.set_power(machine_.config(), false);
    port.wanted_back = false;
}

/// Says which programs have to let go of what is behind the bridge.
void HotPlug::ask_for_removal(pci::Bridge const& bridge)
{
    for (u32 i = 0; i < system_.header().program_count; ++i)
        if (devices_.attached(i) && bridge.leads_to(devices_.function_of(i).bus())) tell(i, false);
}

void HotPlug::after_detach()
{
    for (usize i = 0; i < port_count_; ++i) {
        pci::Bridge const* const bridge = bridge_of(ports_[i]);
        if (ports_[i].wanted_back && bridge && !in_use(*bridge)) taken_out(ports_[i], *bridge);
    }
}

void HotPlug::tell(u32 program, bool appeared)
{
    if (event_count_ < max_events)
        events_[(first_event_ + event_count_++) % max_events] = {program, u64{appeared}};
    supervisor_.signal();
}

device::NextEvent::Reply HotPlug::next_event()
{
    if (event_count_ == 0) return {composition::no_index, 0};
    --event_count_;
    auto const event = events_[first_event_];
    first_event_ = (first_event_ + 1) % max_events;
    return event;
}

} // namespace device_manager
