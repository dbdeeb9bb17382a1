// Interrupt vectors and who hears of them. A vector is the kernel's number (0 to 107) of a message
// or of an I/O APIC pin. Message-signalled interrupts belong to one driver each. PCI lines are
// shared: their pins are ours, each driver behind the line is signalled, and the line opens again
// when all of them have acknowledged.
#pragma once

#include "acpi/interrupt_route.hpp"
#include "composition/description.hpp"
#include "own.hpp"
#include "pci/intx.hpp"
#include "sys/irq.hpp"

namespace device_manager {

inline constexpr u64 vector_count = abi::irq_vector_max + 1;
inline constexpr usize max_lines = 4, max_pins = 8;
static_assert(composition::max_programs <= 64, "sets of programs are words of 64 bits");

/// A line that PCI functions share.
struct SharedLine {
    u8 number = 0; ///< ISA number in Interrupt Line registers
    u8 pin_count = 0;
    u8 vector[max_pins] = {};
    u64 members = 0; ///< programs behind it, bit = index
    u64 awaited = 0; ///< of these, who was signalled and has not acknowledged
};

class Interrupts {
    Own& own_;
    sys::IrqControl control_;
    acpi::Madt madt_;
    u64 used_[2] = {}; // vectors
    u64 handlers_ = 0; // slot of vector 0's handler; the others follow
    SharedLine lines_[max_lines];
    usize line_count_ = 0;
    u64 signals_ = 0;                          // slots: program i's notification behind a line
    sys::Notification line_signal_[max_lines]; // our own notification, by line

    Result<u8> take_vector();
    Result<SharedLine*> find_line(pci::Config& config, pci::Device const& router, u8 number);
    Result<void> take_pins(SharedLine& line, pci::LinePins pins, sys::Notification signal);
    void open(SharedLine const& line) const;

public:
    /// @param madt  the table, or nothing
    Interrupts(Own& own, sys::IrqControl control, std::span<u8 const> madt);
    /// Makes what is needed later. @error no_memory
    Result<void> prepare();

    /// The handler of a vector that was taken.
    sys::IrqHandler handler(u8 vector) const { return sys::IrqHandler{handlers_ + vector}; }

    /// A vector for a function's message. @error no_memory  all are taken
    Result<u8> take_message(pci::Function function);
    /// A vector for an ISA interrupt, or any pin. @error no_memory, slot_occupied
    Result<u8> take_isa(u8 isa);
    Result<u8> take_pin(acpi::InterruptRoute const& route);
    acpi::InterruptRoute pin_of_gsi(u32 gsi) const { return acpi::pci_route(madt_, gsi); }
    /// Takes the vector's handler from everybody.
    void give_back(u8 vector);

    /// Puts `program` behind the shared line of `device`. `signal` is a slot of its own CNode.
    /// @error not_supported  we do not know the chipset's routing registers; no_memory
    Result<void> join(pci::Config& config, pci::Device const& router, pci::Device const& device,
                      u32 program, sys::Slot signal);
    void leave(u32 program);
    /// `program` has served its shared line. @error not_found  it has none
    Result<void> acknowledge(u32 program);
    /// Our notification said that these lines (bit = number in our table) are active.
    void on_lines(u64 bits);
};

} // namespace device_manager
