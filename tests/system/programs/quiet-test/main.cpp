// Drives one of three devices just far enough to see what became of it between two instances: it
// says what it found in a register that a reset clears, and leaves a mark there. The edu device has
// no reset but computes, and interrupts by MSI when it is done.
// [QEMU documentation, "EDU device"; NVM Express Base 2.0, "Controller Configuration"; Intel
// 82574, "Receive Descriptor Base Address Low"]
#include "driver/device.hpp"
#include "log/logger.hpp"

namespace {

template <usize place> struct Register {
    using Word = u32;
    static constexpr usize offset = place;
};
using Identification = Register<0x0>;
using EduFactorial = Register<0x8>;
using EduStatus = Register<0x20>;
using EduInterruptStatus = Register<0x24>;
using EduAcknowledge = Register<0x64>;
using NvmeVersion = Register<0x8>;
using NvmeConfiguration = Register<0x14>;
using E1000eReceiveBase = Register<0x2800>;

constexpr u32 edu_id = 0xed, interrupt_when_done = 0x80, nvme_1_4 = 0x10400;
constexpr u32 mark = 0x70000; // a value that both registers can hold

class Driver {
    program::Program const& self_;
    logging::Logger log_{self_};
    hw::Mmio device_{registers(self_)};
    driver::IrqLine irq_{driver::Device{self_}.irq("irq0")};

    static hw::Mmio registers(program::Program const& self)
    {
        auto const mapped = driver::Device{self}.region("bar0").at(0, 0x1000);
        if (!mapped) driver::give_up(self, driver::not_given);
        return *mapped;
    }
    u32 read(auto reg) { return device_.read<decltype(reg)>().raw; }
    void write(auto reg, u32 value) { device_.write(hw::Value<decltype(reg)>{value}); }

    void leave_mark(auto reg)
    {
        log_.info("found {}", read(reg) == mark ? "the mark" : "no mark");
        write(reg, 0); // firmware may have left it running
        write(reg, mark);
        if (read(reg) != mark) log_.error("the mark does not stay");
    }

public:
    explicit Driver(program::Program const& self) : self_{self}
    {
        if ((read(Identification{}) & 0xff) == edu_id) {
            write(EduStatus{}, interrupt_when_done);
            write(EduFactorial{}, 10);
        } else if (read(NvmeVersion{}) == nvme_1_4) {
            leave_mark(NvmeConfiguration{});
        } else {
            leave_mark(E1000eReceiveBase{});
        }
    }
    void on_signal(u64 bits)
    {
        if (!irq_.among(bits)) return;
        write(EduAcknowledge{}, read(EduInterruptStatus{}));
        log_.info("10! = {}, by an interrupt", read(EduFactorial{}));
        (void)irq_.acknowledge();
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    Driver driver{self};
    program::serve_signals(self, driver);
}
