// Words of the memory that keeps a card's MAC address: an EEPROM or flash of its own behind EERD,
// or, in chipsets, a region of the machine's flash by flash cycles.
// [8254x SDM, "EEPROM Read Register"; 82574 Datasheet, "NVM Read Register"; I219 Datasheet,
// "Gigabit Ethernet flash registers": HSFSTS, HSFCTL, FADDR, FDATA; "NVM Valid Signature"]
#pragma once

#include "wait.hpp"

namespace intel {

/// Start is bit 0 of EERD; where the rest lies differs. @error busy  it never ends
template <u32 Done, unsigned AddressAt, class Registers>
Result<u16> read_eerd(Registers const& registers, u16 word)
{
    put<reg::Eerd>(registers, 1 | u32{word} << AddressAt);
    TRY(wait_for<reg::Eerd>(registers, Done, Done));
    return static_cast<u16>(get<reg::Eerd>(registers) >> 16);
}

/// The I219's flash registers lie in its BAR 0 and are read in 32 bits only.
namespace flash {
inline constexpr u32 window = 0xe000;
using Status = Register<window + 0x04>; ///< HSFSTS in the low half, HSFCTL in the high one
using Address = Register<window + 0x08>;
using Data = Register<window + 0x10>;
inline constexpr u32 done = 1, error = 1 << 1, access_error = 1 << 2, in_progress = 1 << 5,
                     described = 1 << 14, go = 1 << 16, four_bytes = 3 << 24;
using Straps = Register<0x000c>; ///< bits 5:1: 4 KiB units of the region, less one
inline constexpr u32 signature_word = 0x13;
inline constexpr u32 signature_mask = 0xc000, signature = 0x8000;
} // namespace flash

/// Four bytes at a multiple of four of the region. @error not_supported  the flash has no regions;
/// busy  a cycle never ends; corrupt  it failed
template <class Registers> Result<u32> read_flash(Registers const& registers, u32 address)
{
    using namespace flash;
    if (!(get<Status>(registers) & described)) return Error::not_supported;
    TRY(wait_for<Status>(registers, in_progress, 0));
    put<Status>(registers, done | error | access_error); // written ones are cleared
    put<Address>(registers, address);
    put<Status>(registers, go | four_bytes);
    for (u32 reads = 0; reads < patience; ++reads) {
        u32 const status = get<Status>(registers);
        if (status & (error | access_error)) return Error::corrupt;
        if (status & done) return get<Data>(registers);
    }
    return Error::busy;
}
/// A word of the bank that is valid: the region has two, of which an update writes the other.
/// @error not_found  neither is; else as read_flash; out_of_range  no such word
template <class Registers> Result<u16> read_flash_word(Registers const& registers, u16 word)
{
    u32 const region = ((get<flash::Straps>(registers) >> 1 & 0x1f) + 1) * 4096;
    u32 const bank_bytes = region / 2;
    if (word * 2u + 2 > bank_bytes) return Error::out_of_range;
    auto const word_of = [&](u32 bank, u32 number) -> Result<u16> {
        u32 const at = bank * bank_bytes + number * 2;
        return static_cast<u16>(TRY(read_flash(registers, at & ~3u)) >> (at & 2) * 8);
    };
    for (u32 bank = 0; bank < 2; ++bank)
        if ((TRY(word_of(bank, flash::signature_word)) & flash::signature_mask) == flash::signature)
            return word_of(bank, word);
    return Error::not_found;
}
/// The I217's and I218's flash registers lie in another BAR, which we do not have.
template <class Registers> Result<u16> read_no_nvm(Registers const&, u16)
{
    return Error::not_supported;
}

} // namespace intel
