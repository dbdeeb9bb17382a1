// The PHY's registers by MDIC, under the flag by which software and management firmware take turns.
// [82574 Datasheet, "MDI Control Register", "Extended Configuration Control"; I219 Datasheet, "MDIO
// access", "Hardware/Software semaphore"; IEEE 802.3 clause 22 for the registers themselves]
#pragma once

#include "wait.hpp"

namespace intel {

namespace extended_configuration {
/// Sticks only while firmware does not have it.
inline constexpr u32 software_flag = 1 << 5;
} // namespace extended_configuration

namespace mdic {
inline constexpr unsigned register_at = 16, phy_at = 21;
inline constexpr u32 data = 0xffff, write = 1 << 26, read = 2 << 26, ready = 1 << 28,
                     error = 1 << 30;
} // namespace mdic

namespace phy_register {
inline constexpr u8 control = 0;
} // namespace phy_register
namespace phy_control {
inline constexpr u16 power_down = 1 << 11;
}

/// @error busy  firmware keeps it
template <class Registers> Result<void> take_flag(Registers const& registers)
{
    using namespace extended_configuration;
    for (u32 reads = 0; reads < patience; ++reads) {
        put<reg::ExtendedConfiguration>(registers,
                                        get<reg::ExtendedConfiguration>(registers) | software_flag);
        if (get<reg::ExtendedConfiguration>(registers) & software_flag) return {};
    }
    return Error::busy;
}
/// Also takes back what a predecessor that died held.
template <class Registers> void give_flag(Registers const& registers)
{
    u32 const now = get<reg::ExtendedConfiguration>(registers);
    put<reg::ExtendedConfiguration>(registers, now & ~extended_configuration::software_flag);
}
/// The 82540EM shares its PHY with nobody.
template <class Registers> Result<void> take_nothing(Registers const&)
{
    return {};
}
template <class Registers> void give_nothing(Registers const&) {}

/// One transaction; the flag is held. @error busy  it never ends; corrupt  the PHY does not answer
template <class Registers> Result<u16> mdi(Registers const& registers, u32 command)
{
    put<reg::Mdic>(registers, command);
    TRY(wait_for<reg::Mdic>(registers, mdic::ready, mdic::ready));
    u32 const answer = get<reg::Mdic>(registers);
    constexpr u32 place = 0x3ff << mdic::register_at; // it must be ours: firmware uses it, too
    if ((answer & mdic::error) || ((answer ^ command) & place)) return Error::corrupt;
    return static_cast<u16>(answer & mdic::data);
}
constexpr u32 mdi_place(u8 phy, u8 number)
{
    return u32{phy} << mdic::phy_at | u32{number} << mdic::register_at;
}
/// A PHY that firmware left switched off is switched on; one that runs is not touched, so that its
/// link stays. @error busy, corrupt  as mdi; busy  firmware keeps the flag
template <class Registers, class Family>
Result<void> wake_phy(Registers const& registers, Family const& family)
{
    TRY(family.take(registers));
    auto const done = [&]() -> Result<void> {
        u32 const place = mdi_place(family.phy, phy_register::control);
        u16 const now = TRY(mdi(registers, place | mdic::read));
        if (!(now & phy_control::power_down)) return {};
        TRY(mdi(registers, place | mdic::write | (now & ~u32{phy_control::power_down})));
        return {};
    }();
    family.give(registers);
    return done;
}

} // namespace intel
