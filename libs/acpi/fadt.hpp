// How ACPI switches a machine off and resets it: ports from the FADT, and a number from the DSDT
// (what to write there). We do not interpret AML, the DSDT's byte code: the package _S5_ is found
// by its name and read if it has the plain form that every firmware writes it in.
// Also which byte of the RTC's memory holds the century.
// [ACPI 6.5, "Fixed ACPI Description Table (FADT)", "\_Sx (System States)", "PM1 Control
// Registers", "Reset Register"]
#pragma once

#include "kit/types.hpp"
#include <optional>
#include <span>

namespace acpi {

struct Fadt {
    u64 dsdt;         ///< physical address
    u16 pm1a_control; ///< port of the PM1a control register
    u16 pm1b_control; ///< of the second one, 0: there is none
    u16 smi_command;  ///< port that switches ACPI mode on, 0: none needed
    u8 acpi_enable;   ///< what to write there
    u8 reset_value;   ///< what to write to reset_port
    u16 reset_port;   ///< 0: there is no reset register that is a port
    u8 century;       ///< byte of the RTC's memory that holds the century, 0: none
};

/// Reads a FADT whose length and checksum are right. Nothing when it lacks what we need.
std::optional<Fadt> parse_fadt(std::span<u8 const> table);

/// The sleep type of state S5 (0 to 7) in a DSDT. Nothing when it is not there in plain form.
std::optional<u8> find_s5(std::span<u8 const> dsdt);

} // namespace acpi
