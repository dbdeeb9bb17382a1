// A driver that was bought by somebody else: tries what its manifest does not allow, one kind for
// each instance, which tests/system/rights.py starts one after the other. Most end by a fault on
// the way. Exit status 0: everything was refused; 1: something was not.
#include "driver/device.hpp"
#include "log/logger.hpp"
#include "program/layout.hpp"
#include "protocol/device.hpp"
#include "protocol/log.hpp"
#include "protocol/memory.hpp"
#include "sys/io_port.hpp"
#include "sys/irq.hpp"
#include "virtio/places.hpp"

#include <string_view>

namespace {

namespace layout = program::layout;

/// Slots of its CNode that hold nothing of its own, which is in those before.
constexpr u64 first_slot = 16, slots = 64;
constexpr u64 others = 1; // a space that is not ours: the first that was made
/// Free memory of a machine of 256 MiB, in rights.py as well.
constexpr u64 foreign_memory = 0x0a00'0000;
constexpr u16 queue_size = 8;

class Rogue {
    program::Program const& self_;
    logging::Logger log_{self_};
    driver::Region bar_{driver::Device{self_}.region("bar4")};

public:
    explicit Rogue(program::Program const& self) : self_{self} {}

    int run(std::string_view what)
    {
        if (what == "rogue-in") return read_a_port();
        if (what == "rogue-port") return use_a_port_capability();
        if (what == "rogue-bar") return read_behind_the_registers();
        if (what == "rogue-irq") return take_an_interrupt();
        if (what == "rogue-call") return call_a_stranger();
        if (what == "rogue-memory") return command_memory();
        if (what == "rogue-spy") return read_the_kernel();
        if (what == "rogue-watch") return watch_everybody();
        if (what == "rogue-power") return command_devices();
        if (what == "rogue-log") return silence_others();
        if (what == "rogue-dma") return write_by_dma();
        return 1;
    }

private:
    static int read(u64 address)
    {
        (void)*reinterpret_cast<u64 volatile*>(address);
        return 1;
    }

    int read_a_port()
    {
        u8 value = 0;
        asm volatile("inb $0x71, %0" : "=a"(value));
        return 1;
    }
    /// Whether `attempt(slot)` finds no capability in any slot.
    template <class Attempt> int find_in_slots(Attempt&& attempt)
    {
        for (u64 slot = first_slot; slot < slots; ++slot)
            if (attempt(slot) != abi::ErrorCode::invalid_capability) return 1;
        return 0;
    }
    int use_a_port_capability()
    {
        return find_in_slots([](u64 slot) { return sys::IoPort{slot}.in8(0x71).error().code; });
    }
    int read_behind_the_registers()
    {
        u64 const start = self_.value("bar4");
        (void)*reinterpret_cast<u32 volatile*>(start); // is ours
        return read(start + bar_.size());
    }
    int take_an_interrupt()
    {
        return find_in_slots([](u64 slot) { return sys::IrqHandler{slot}.ack().error().code; });
    }
    int call_a_stranger()
    {
        return find_in_slots([](u64 slot) {
            return static_cast<abi::ErrorCode>(sys::Endpoint{slot}.call({}).info.label());
        });
    }
    int read_the_kernel() { return read(0xffff'ffff'8000'0000); }

    template <class C> bool refused(typename C::Args const& args)
    {
        auto const answer = rpc::call<memory::Memory, C>(rpc::Channel{self_.memory()}, args);
        return answer.error() == Error::missing_rights;
    }
    int command_memory()
    {
        bool const all =
            refused<memory::CreateSpace>({64, 0}) && refused<memory::DestroySpace>({others}) &&
            refused<memory::MapArchive>({others, layout::heap, 4096, 0, 4096, 1}) &&
            refused<memory::MapAnonymous>({others, layout::heap, 4096, 1}) &&
            refused<memory::CreateObject>({4096, 1, 32}) && refused<memory::DestroyObject>({1}) &&
            refused<memory::MapObject>({others, 1, layout::heap, 1}) &&
            refused<memory::MapFrame>({others, layout::heap, 12, 1, 0}) &&
            refused<memory::TakeUntyped>({12}) && refused<memory::ReturnUntyped>({1}) &&
            refused<memory::Fill>({others, layout::heap, 8, {}}) &&
            refused<memory::TakeFrame>({others, layout::ipc_buffer, 3}) &&
            refused<memory::NextFault>({}) && refused<memory::ResumeFault>({others}) &&
            refused<memory::AttachSwap>({0, 0, 0}) &&
            refused<memory::Peek>({others, layout::ipc_buffer, 8});
        return all ? 0 : 1;
    }
    int watch_everybody()
    {
        if (!refused<memory::SpaceStatistics>({others})) return 1;
        return read(layout::events);
    }

    template <class C> bool device_refuses(typename C::Args const& args)
    {
        rpc::Channel const channel{self_.use("device").call};
        return rpc::call<device::Device, C>(channel, args).error() == Error::missing_rights;
    }
    int command_devices()
    {
        bool const all = device_refuses<device::Attach>({self_.self(), others}) &&
                         device_refuses<device::Detach>({self_.self()}) &&
                         device_refuses<device::Present>({self_.self()}) &&
                         device_refuses<device::NextEvent>({}) &&
                         device_refuses<device::Describe>({0}) &&
                         device_refuses<device::Power>({0});
        return all ? 0 : 1;
    }

    int silence_others()
    {
        using namespace log_protocol;
        rpc::Channel const channel{self_.use("logread").call};
        constexpr u64 everybody = ~u64{0}, errors_only = 0;
        for (int i = 0; i < 3; ++i)
            if (rpc::call<LogRead, Filter>(channel, {everybody, errors_only}).error() !=
                Error::missing_rights)
                return 1;
        return rpc::call<LogRead, Read>(channel, {1, everybody, 3}) ? 0 : 1; // which it may
    }

    /// Has the device write random bytes where it should not be able to.
    int write_by_dma()
    {
        using Device = virtio::Device<hw::Mmio>;
        auto const dma = driver::Device{self_}.dma("dma");
        auto* const memory = reinterpret_cast<virtio::QueueMemory<queue_size>*>(dma.bytes().data());
        Device const device{virtio::places(self_, "none")};
        if (!device.negotiate(0, 0)) return 2;
        virtio::Queue<queue_size> queue{memory, false};
        auto const bell = device.attach_queue<queue_size>(0, dma.physical());
        if (!bell) return 3;
        device.start();
        queue.descriptor(0) = {foreign_memory, 64, virtio::descriptor::write, 0};
        queue.put(0, 64);
        (void)queue.publish();
        Device::ring(*bell, 0);
        virtio::Completed done{};
        for (;;) {
            auto const taken = queue.take(done);
            if (!taken) return 4;
            if (*taken) return 1; // it was done: the system did not stop it
        }
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Rogue rogue{self};
    self.ready();
    return rogue.run(self.name());
}
