// See intel_nic.hpp.
#include "intel_nic.hpp"

#include <catch2/catch.hpp>

namespace fake {

namespace {
enum : u32 {
    ctrl = 0x0,
    status = 0x8,
    eerd = 0x14,
    mdic = 0x20,
    icr = 0xc0,
    ims = 0xd0,
    imc = 0xd8,
    rctl = 0x100,
    tctl = 0x400,
    extcnf = 0xf00,
    rdbal = 0x2800,
    rdlen = 0x2808,
    rdh = 0x2810,
    rdt = 0x2818,
    rxdctl = 0x2828,
    tdbal = 0x3800,
    tdlen = 0x3808,
    tdh = 0x3810,
    tdt = 0x3818,
    statistics = 0x4000,
    statistics_end = 0x4100,
    mta = 0x5200,
    mta_end = 0x5400,
    ral = 0x5400,
    rah = 0x5404,
    flash_status = 0xe004,
    flash_address = 0xe008,
    flash_data = 0xe010
};
constexpr u32 flag = 1 << 5;
} // namespace

void IntelNic::power_on()
{
    reset();
    resets = 0;
}

bool IntelNic::rings_full()
{
    return register_[tdlen] != 0 && register_[tdh] != register_[tdt];
}

void IntelNic::reset()
{
    ++resets;
    if (kind == Kind::chipset && rings_full()) hung = true;
    register_.clear();
    mask_ = 0;
    sent.clear();
    context_places_ = context_word_ = 0;
    if (address_loaded) {
        register_[ral] = address[0] | address[1] << 8 | address[2] << 16 | u32{address[3]} << 24;
        register_[rah] = address[4] | address[5] << 8 | u32{1} << 31;
    }
    register_[0x0c] = 1 << 1; // a region of 8 KiB
}

void IntelNic::cause(u32 bits)
{
    register_[icr] |= bits;
}

u32 IntelNic::read(u32 offset)
{
    ++reads;
    REQUIRE(offset % 4 == 0);
    REQUIRE(offset < 0x20000);
    if (offset == ctrl && stays_in_reset) return register_[ctrl] | 1 << 26;
    if (offset == status) {
        bool const master = never_rests || !(register_[ctrl] & 1 << 2);
        return (link ? status_bits | 3 : 0) | (kind != Kind::pci && master ? 1 << 19 : 0);
    }
    if (offset == icr) {
        u32 const now = register_[icr];
        if (kind == Kind::pci) register_[icr] = 0;
        return now;
    }
    if (offset == extcnf && firmware_reads > 0) {
        --firmware_reads;
        register_[extcnf] &= ~flag; // ours did not stick
    }
    if (offset >= statistics && offset < statistics_end) {
        u32 const now = register_[offset];
        register_[offset] = 0;
        return now;
    }
    if (offset == flash_status && flash_described) return register_[offset] | 1 << 14;
    return register_[offset];
}

void IntelNic::write(u32 offset, u32 value)
{
    REQUIRE(offset % 4 == 0);
    REQUIRE(offset < 0x20000);
    switch (offset) {
    case ctrl:
        if (value & u32{1} << 31) phy_was_reset = true;
        link_disturbed |= (value & (u32{1} << 31 | 1 << 12 | 1 << 11 | 1 << 3)) != 0 ||
                          (register_[ctrl] & ~value & 1 << 6) != 0;
        if (value & 1 << 26) return reset();
        break;
    case icr:
        register_[icr] &= ~value;
        return;
    case ims:
        mask_ |= value;
        return;
    case imc:
        mask_ &= ~value;
        return;
    case eerd: {
        u32 const shift = kind == Kind::pci ? 8 : 2, done = kind == Kind::pci ? 1 << 4 : 1 << 1;
        u32 const word = value >> shift & 0x3f;
        register_[eerd] = u32{nvm[word]} << 16 | done;
        return;
    }
    case mdic:
        return mdi(value);
    case flash_status:
        return flash(value);
    case rctl:
        ++receive_control_writes;
        break;
    case rdt:
        ++tail_writes;
        break;
    case tdt:
        ++tail_writes;
        register_[tdt] = value;
        if (!stalls && (register_[tctl] & 2)) transmit();
        return;
    default:
        if (offset >= mta + 4 * multicast_words && offset < mta_end) return;
        break;
    }
    register_[offset] = value;
}

void IntelNic::mdi(u32 value)
{
    register_[mdic] = value & ~(u32{1} << 28);
    if (!mdi_ends) return;
    if (kind != Kind::pci && !(register_[extcnf] & flag)) phy_without_flag = true;
    bool const ours = (value >> 21 & 0x1f) == (kind == Kind::chipset ? 2u : 1u);
    u32 answer = (value & 0x3ff0000) | u32{1} << 28;
    if (!phy_answers || !ours) answer |= u32{1} << 30;
    if (value & 1 << 26) {
        phy_control = static_cast<u16>(value);
        link_disturbed |= (value & (1 << 15 | 1 << 9)) != 0;
        ++phy_writes;
    }
    register_[mdic] = answer | phy_control;
}

void IntelNic::flash(u32 value)
{
    register_[flash_status] &= ~(value & 7);
    if (!(value & 1 << 16)) return;
    REQUIRE((value >> 24 & 3) == 3); // four bytes
    if (flash_fails) {
        register_[flash_status] |= 1 << 1;
        return;
    }
    u32 const place = register_[flash_address];
    REQUIRE(place % 4 == 0);
    u32 const bank = place / 4096, word = place % 4096 / 2;
    auto const word_at = [&](u32 number) -> u32 {
        u32 const content = number < nvm.size() ? nvm[number] : 0xffff;
        if (bank == valid_bank) return number == 0x13 ? 0x8000 : content;
        return number == 0x13 ? 0xc000 : 0xdead;
    };
    register_[flash_data] = word_at(word) | word_at(word + 1) << 16;
    if (flash_ends) register_[flash_status] |= 1;
}

void IntelNic::lend(void* memory, u64 physical, u64 bytes)
{
    lent_.push_back({static_cast<u8*>(memory), physical, bytes});
}

u64* IntelNic::descriptor(u32 base, u32 index)
{
    u64 const at = (register_[base] | u64{register_[base + 4]} << 32) + index * 16;
    for (Lent const& it : lent_)
        if (at >= it.physical && at + 16 <= it.physical + it.bytes)
            return reinterpret_cast<u64*>(it.memory + (at - it.physical));
    FAIL("DMA to memory that is not ours");
    return nullptr;
}

void IntelNic::transmit(u32 limit)
{
    u32 const entries = register_[tdlen] / 16;
    for (; register_[tdh] != register_[tdt] && limit > 0; --limit) {
        u64* const it = descriptor(tdbal, register_[tdh]);
        register_[tdh] = (register_[tdh] + 1) % entries;
        u64 const word = it[1];
        bool const extended = word >> 29 & 1;
        if (extended && (word >> 20 & 0xf) == 0) {
            context_places_ = it[0];
            context_word_ = word;
            continue;
        }
        if (frame_.pieces.empty()) {
            frame_.options = static_cast<u8>(word >> 40);
            frame_.cut = word >> 26 & 1;
            frame_.context_places = context_places_;
            frame_.context_word = context_word_;
        }
        u32 const bytes = word & (extended ? 0xfffff : 0xffff);
        REQUIRE(bytes <= 16288);
        frame_.pieces.push_back({it[0], bytes});
        if (word >> 24 & 1) {
            if (extended)
                sent.push_back(frame_);
            else
                ++flushed;
            frame_ = {};
        }
        if (word >> 27 & 1) {
            it[1] |= u64{1} << 32;
            cause(1 | 1 << 22);
        }
    }
}

u32 IntelNic::buffers() const
{
    auto const get = [this](u32 offset) {
        auto const it = register_.find(offset);
        return it == register_.end() ? 0u : it->second;
    };
    u32 const entries = get(rdlen) / 16;
    return entries == 0 ? 0 : (get(rdt) + entries - get(rdh)) % entries;
}

bool IntelNic::receive(u32 bytes, u8 state, u8 errors)
{
    if (buffers() == 0 || !(register_[rctl] & 2)) return false;
    u64* const it = descriptor(rdbal, register_[rdh]);
    register_[rdh] = (register_[rdh] + 1) % (register_[rdlen] / 16);
    it[1] = bytes | u64{state} << 32 | u64{errors} << 40;
    cause(1 << 7 | 1 << 20);
    return true;
}

} // namespace fake
