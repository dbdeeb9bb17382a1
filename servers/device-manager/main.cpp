// device-manager: owns devices, ports, interrupts and PCI configuration space, and gives drivers
// what their manifests name. Read next: machine.cpp (what there is), attach.cpp and detach.cpp (a
// driver's beginning and end), hot_plug.cpp. It Calls the memory-manager and nobody else.
#include "cpio/cpio.hpp"
#include "describe.hpp"
#include "hot_plug.hpp"
#include "power.hpp"
#include "program/program.hpp"

namespace device_manager {

namespace {

using composition::no_index;

class Server {
    composition::Reader const& system_;
    Machine& machine_;
    Ports& ports_;
    Interrupts& interrupts_;
    Devices& devices_;
    HotPlug& hot_plug_;
    u64 received_; ///< slot in which a capability arrives
    sys::Notification supervisor_;
    rpc::Refusals refusals_{};

    bool is_program(u64 number) const { return number < system_.header().program_count; }
    /// The supervisor, and who has the right `monitor`.
    bool is_monitor(rpc::Client who) const
    {
        return who.badge == device::manager ||
               (is_program(who.badge) &&
                system_.programs()[who.badge].flags & composition::flag_monitor);
    }

    /// The device that a program drives.
    Result<device::Describe::Reply> own(u64 program)
    {
        for (u64 index = 0;; ++index) {
            device::Describe::Reply reply;
            TRY(describe(index, machine_, devices_, reply));
            if (reply.driver == program) return reply;
        }
    }

    /// Takes note, for NextRefusal, that a program may not do this.
    template <class C> Error refused(rpc::Client who)
    {
        constexpr u64 call = rpc::number_of<device::Device, C>();
        if (refusals_.note(who.badge, call, Error::missing_rights)) supervisor_.signal();
        return Error::missing_rights;
    }

public:
    Server(composition::Reader const& system, Machine& machine, Ports& ports,
           Interrupts& interrupts, Devices& devices, HotPlug& hot_plug, u64 received,
           sys::Notification supervisor)
        : system_{system}, machine_{machine}, ports_{ports}, interrupts_{interrupts},
          devices_{devices}, hot_plug_{hot_plug}, received_{received}, supervisor_{supervisor}
    {
    }

    Result<device::Attach::Reply> on(device::Attach, device::Attach::Args const& a, rpc::Client who)
    {
        if (who.badge != device::manager) return refused<device::Attach>(who);
        if (!is_program(a.program)) return Error::not_found;
        device::Attach::Reply reply{};
        TRY(devices_.attach(static_cast<u32>(a.program), a.space, received_, reply));
        return reply;
    }
    Result<device::Detach::Reply> on(device::Detach, device::Detach::Args const& a, rpc::Client who)
    {
        if (who.badge != device::manager) return refused<device::Detach>(who);
        if (!is_program(a.program)) return Error::not_found;
        auto const how = devices_.detach(static_cast<u32>(a.program));
        hot_plug_.after_detach();
        return device::Detach::Reply{TRY(how)};
    }
    Result<device::Present::Reply> on(device::Present, device::Present::Args const& a,
                                      rpc::Client who)
    {
        if (who.badge != device::manager) return refused<device::Present>(who);
        if (!is_program(a.program)) return Error::not_found;
        return device::Present::Reply{devices_.present(static_cast<u32>(a.program))};
    }
    Result<device::NextEvent::Reply> on(device::NextEvent, device::NextEvent::Args const&,
                                        rpc::Client who)
    {
        if (who.badge != device::manager) return refused<device::NextEvent>(who);
        return hot_plug_.next_event();
    }
    Result<device::Describe::Reply> on(device::Describe, device::Describe::Args const& a,
                                       rpc::Client who)
    {
        if (a.index == device::own) return own(who.badge);
        if (!is_monitor(who)) return refused<device::Describe>(who);
        device::Describe::Reply reply;
        TRY(describe(a.index, machine_, devices_, reply));
        return reply;
    }
    Result<device::Power::Reply> on(device::Power, device::Power::Args const& a, rpc::Client who)
    {
        if (!is_monitor(who)) return refused<device::Power>(who);
        a.reboot ? reboot(machine_, ports_) : switch_off(machine_, ports_);
        return Error::not_supported;
    }
    Result<device::Acknowledge::Reply> on(device::Acknowledge, device::Acknowledge::Args const&,
                                          rpc::Client who)
    {
        if (!is_program(who.badge)) return refused<device::Acknowledge>(who);
        TRY(interrupts_.acknowledge(static_cast<u32>(who.badge)));
        return device::Acknowledge::Reply{};
    }
    Result<device::NextRefusal::Reply> on(device::NextRefusal, device::NextRefusal::Args const&,
                                          rpc::Client who)
    {
        if (who.badge != device::manager) return refused<device::NextRefusal>(who);
        return refusals_.take();
    }
    void on_signal(u64 bits)
    {
        interrupts_.on_lines(bits);
        hot_plug_.on_slots(bits);
    }
};

/// Serves for ever. Each message may bring a capability, which is gone again before the next.
[[noreturn]] void serve(Own const& own, sys::Endpoint endpoint, sys::Reply reply, Server& server,
                        u64 receive_slot)
{
    static constinit rpc::Message message{};
    auto const expect = [&] {
        (void)own.slot(receive_slot).remove();
        auto& buffer = sys::ipc_buffer();
        buffer.receive_cnode = own.cnode.address();
        buffer.receive_index = receive_slot;
        buffer.receive_depth = 64;
    };
    expect();
    sys::Received received = endpoint.receive(reply);
    for (;;) {
        if (received.badge & rpc::signal_bit) {
            server.on_signal(received.badge & ~rpc::signal_bit);
            expect();
            received = endpoint.receive(reply);
            continue;
        }
        rpc::from_kernel(received, message);
        rpc::dispatch(device::Device{}, server, rpc::Client{received.badge}, message);
        expect(); // before the answer's words go where it writes
        received = endpoint.reply_receive(rpc::to_kernel(message), reply);
    }
}

/// Ends with a fault that root reports: without us there is no system.
[[noreturn]] void give_up(int why)
{
    runtime::exit(why);
}

composition::Reader read_description(handover::Devices const& given)
{
    auto const file = cpio::find(
        {reinterpret_cast<u8 const*>(handover::archive_address), given.archive_bytes}, "system");
    if (!file || !*file) give_up(1);
    auto const system = composition::Reader::open((**file).data);
    if (!system) give_up(2);
    return *system;
}

[[noreturn]] void run(program::Program const& self)
{
    auto const& given = *reinterpret_cast<handover::Devices const*>(handover::address);
    static composition::Reader const system = read_description(given);
    static Own own{
        sys::CNode{given.own_cnode},          self.memory(), given.own_space, given.notification,
        {given.empty.first, given.empty.end}, given.tsc_mhz, given.tsc_hz,    given.tsc_at_entry};
    static DeviceMemory memory{own, given};
    static Ports ports{own, sys::IoPortControl{given.io_port_control}, given.com1_ports};
    static Machine machine{memory, ports, given};
    machine.explore();
    static Interrupts interrupts{own, sys::IrqControl{given.irq_control}, machine.table("APIC")};
    static Devices devices{own, system, machine, memory, interrupts, ports};
    auto const receive_slot = own.slots.take_slots();
    if (!receive_slot || !devices.prepare()) give_up(3);
    sys::Notification const supervisor{given.supervisor_signal};
    static HotPlug hot_plug{own, system, machine, memory, interrupts, devices, supervisor};
    hot_plug.prepare();
    static Server server{system,  machine,  ports,         interrupts,
                         devices, hot_plug, *receive_slot, supervisor};
    serve(own, sys::Endpoint{given.endpoint}, self.reply(), server, *receive_slot);
}

} // namespace

} // namespace device_manager

int main(void* argument)
{
    device_manager::run(program::Program{argument});
}
