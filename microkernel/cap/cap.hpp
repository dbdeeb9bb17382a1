// One capability by value: what kind of object, which one, which rights, and what else the kind
// needs (badge, guard, mapping ...). 16 bytes; a slot adds the derivation links (cap/slot.hpp).
// A Cap is only data: which capabilities derive from which is the derivation tree's business.
#pragma once

#include "kit/bits.hpp"
#include "kit/types.hpp"

namespace mk {

/// Kinds of capability. The numbers are what DebugCapIdentify answers.
enum class CapType : u8 {
    null = 0,
    frame = 1,
    untyped = 2,
    page_table = 3,
    endpoint = 4,
    page_directory = 5,
    notification = 6,
    pdpt = 7,
    reply = 8,
    pml4 = 9,
    cnode = 10,
    asid_control = 11,
    tcb = 12,
    asid_pool = 13,
    irq_control = 14,
    irq_handler = 16,
    zombie = 18,
    io_port = 19,
    domain = 20,
    sched_context = 22,
    sched_control = 24,
    io_port_control = 31,
};

/// seL4's bits (manual, "Capability Rights").
enum class Rights : u8 { none = 0, write = 1, read = 2, grant = 4, grant_reply = 8, all = 15 };
constexpr Rights operator&(Rights a, Rights b)
{
    return Rights(u8(a) & u8(b));
}
constexpr Rights operator|(Rights a, Rights b)
{
    return Rights(u8(a) | u8(b));
}
constexpr bool contains(Rights have, Rights need)
{
    return (have & need) == need;
}
constexpr bool any(Rights r)
{
    return r != Rights::none;
}

/// Frame sizes, as kept in a frame capability.
enum class FrameSize : u8 { small = 0, large = 1, huge = 2 };
constexpr unsigned frame_bits(FrameSize s)
{
    return 12 + 9 * unsigned(s);
}

/// The slots of a TCB (five for the thread's use, one for revoke to work in) count as a slot array
/// of this many when it is destroyed.
inline constexpr unsigned tcb_slot_count = 6;

class Slot;

class Cap {
    // meta: 4..0 type, 8..5 rights, 15..9 aux, 63..16 address (sign-extended 48 bits)
    u64 meta_ = 0;
    u64 data_ = 0;

    constexpr Cap(CapType type, Rights rights, unsigned aux, u64 address, u64 data)
        : meta_{u64(type) | u64(rights) << 5 | u64(aux & 0x7f) << 9 | address << 16}, data_{data}
    {
    }
    constexpr unsigned aux() const { return unsigned(field(meta_, 15, 9)); }
    static u64 address_of(void const* object) { return reinterpret_cast<u64>(object); }

public:
    constexpr Cap() = default;
    friend constexpr bool operator==(Cap const&, Cap const&) = default;

    constexpr CapType type() const { return CapType(meta_ & 0x1f); }
    constexpr Rights rights() const { return Rights(field(meta_, 8, 5)); }
    constexpr bool is(CapType t) const { return type() == t; }
    /// Of this type and with all of these rights.
    constexpr bool is(CapType t, Rights need) const
    {
        u64 const wanted = u64(t) | u64(need) << 5;
        return (meta_ & (0x1f | u64(need) << 5)) == wanted;
    }
    /// Whether both are of one kind and one address, whatever rights() and aux() say.
    constexpr bool same_type_and_address(Cap const& other) const
    {
        return ((meta_ ^ other.meta_) & ~u64{0xffe0}) == 0;
    }
    constexpr bool has_any(Rights r) const { return (meta_ & u64(r) << 5) != 0; }
    constexpr bool is_null() const { return type() == CapType::null; }
    /// Kernel address of the object, or physical address for frames and untypeds.
    constexpr u64 address() const { return u64(i64(meta_) >> 16); }
    template <class T> T* object() const { return reinterpret_cast<T*>(address()); }
    constexpr u64 data() const { return data_; }

    constexpr Cap with_rights(Rights r) const
    {
        Cap c = *this;
        c.meta_ = (c.meta_ & ~(u64{0xf} << 5)) | u64(r) << 5;
        return c;
    }
    constexpr Cap with_data(u64 data) const
    {
        Cap c = *this;
        c.data_ = data;
        return c;
    }

    // --- endpoint, notification: data is the badge ---
    static Cap endpoint(void* object, Rights r, u64 badge)
    {
        return {CapType::endpoint, r, 0, address_of(object), badge};
    }
    static Cap notification(void* object, Rights r, u64 badge)
    {
        return {CapType::notification, r, 0, address_of(object), badge};
    }
    constexpr u64 badge() const { return data_; }

    // --- reply (right grant: the reply may carry capabilities), tcb ---
    static Cap reply(void* object, Rights r)
    {
        return {CapType::reply, r, 0, address_of(object), 0};
    }
    static Cap tcb(void* object) { return {CapType::tcb, Rights::all, 0, address_of(object), 0}; }

    // --- cnode: radix bits of index; guard: `guard_size` bits that must match first ---
    static Cap cnode(Slot* slots, unsigned radix, u64 guard = 0, unsigned guard_size = 0)
    {
        return {CapType::cnode, Rights::all, radix, address_of(slots), guard << 6 | guard_size};
    }
    constexpr unsigned cnode_radix() const { return aux(); }
    constexpr unsigned cnode_guard_size() const { return unsigned(data_ & 0x3f); }
    constexpr u64 cnode_guard() const { return data_ >> 6; }
    Slot* cnode_slots() const { return object<Slot>(); }

    // --- zombie: a CNode or TCB whose last capability is gone and whose slots are being emptied.
    // aux is the CNode's radix, or zombie_tcb; data is the number of slots that may still be full.
    static constexpr unsigned zombie_tcb = 0x7f;
    static Cap zombie(Slot* slots, unsigned radix_or_tcb, u64 remaining)
    {
        return {CapType::zombie, Rights::none, radix_or_tcb, address_of(slots), remaining};
    }
    constexpr bool zombie_is_tcb() const { return aux() == zombie_tcb; }
    constexpr unsigned zombie_radix() const { return aux(); }
    constexpr u64 zombie_remaining() const { return data_; }
    constexpr u64 zombie_slot_count() const
    {
        return zombie_is_tcb() ? tcb_slot_count : bit(zombie_radix());
    }
    Slot* zombie_slots() const { return object<Slot>(); }

    // --- untyped: address is physical; data 47..0 is the watermark (bytes used from the start),
    // data 63..48 how much behind the watermark is known to be zero (object/untyped.cpp) ---
    static constexpr Cap untyped(u64 base, unsigned size_bits, bool device, u64 watermark = 0)
    {
        return {CapType::untyped, Rights::all, size_bits | unsigned(device) << 6, base, watermark};
    }
    constexpr unsigned untyped_bits() const { return aux() & 0x3f; }
    constexpr bool untyped_is_device() const { return (aux() & 0x40) != 0; }
    constexpr u64 untyped_watermark() const { return field(data_, 47, 0); }
    /// Bytes from the start of the region, used ones included, up to which nothing but used memory
    /// is known to differ from zero. A multiple of a step that grows with the region.
    constexpr u64 untyped_cleared() const { return data_ >> 48 << untyped_clear_step_bits(); }
    constexpr unsigned untyped_clear_step_bits() const
    {
        return untyped_bits() > 32 ? untyped_bits() - 16 : 16;
    }
    /// cleared is less than the region's size; it is rounded down to a step.
    constexpr Cap with_watermark(u64 used, u64 cleared = 0) const
    {
        return with_data(used | cleared >> untyped_clear_step_bits() << 48);
    }
    /// What is known to be zero stays known.
    constexpr Cap with_watermark_moved(u64 used) const
    {
        return with_data((data_ & ~low_mask(48)) | used);
    }
    /// Nothing can be made of it before it has no children.
    constexpr Cap used_up() const { return with_watermark(bit(untyped_bits())); }

    // --- frame: address is physical; data is the mapping: page address | ASID (0: not mapped) ---
    static constexpr Cap frame(u64 base, FrameSize size, Rights r, bool device)
    {
        return {CapType::frame, r, unsigned(size) | unsigned(device) << 2, base, 0};
    }
    constexpr FrameSize frame_size() const { return FrameSize(aux() & 3); }
    constexpr bool frame_is_device() const { return (aux() & 4) != 0; }

    // --- paging structures: data is the mapping as in a frame; a PML4's data is its ASID ---
    static Cap paging(CapType level, void* table, u64 mapping = 0)
    {
        return {level, Rights::all, 0, address_of(table), mapping};
    }
    constexpr bool is_mapped() const { return (data_ & 0xfff) != 0; }
    constexpr u16 mapped_asid() const { return u16(data_ & 0xfff); }
    constexpr u64 mapped_address() const { return data_ & ~u64{0xfff}; }
    constexpr Cap mapped_at(u16 asid, u64 vaddr) const
    {
        return with_data((vaddr & ~u64{0xfff}) | asid);
    }
    constexpr Cap unmapped() const { return with_data(0); }

    // --- ASID pool: data is its first ASID ---
    static Cap asid_pool(void* pool, u16 base)
    {
        return {CapType::asid_pool, Rights::all, 0, address_of(pool), base};
    }
    constexpr u16 asid_base() const { return u16(data_); }

    // --- scheduling context: aux is the object's size ---
    static Cap sched_context(void* object, unsigned size_bits)
    {
        return {CapType::sched_context, Rights::all, size_bits, address_of(object), 0};
    }
    constexpr unsigned sched_context_bits() const { return aux(); }
    static constexpr Cap sched_control(u32 core)
    {
        return {CapType::sched_control, Rights::all, 0, 0, core};
    }

    // --- interrupts and ports ---
    static constexpr Cap irq_handler(u32 irq)
    {
        return {CapType::irq_handler, Rights::all, 0, 0, irq};
    }
    constexpr u32 irq() const { return u32(data_); }
    static constexpr Cap io_port(u16 first, u16 last)
    {
        return {CapType::io_port, Rights::all, 0, 0, u64{first} | u64{last} << 16};
    }
    constexpr u16 first_port() const { return u16(data_); }
    constexpr u16 last_port() const { return u16(data_ >> 16); }

    // --- one of a kind: irq_control, asid_control, io_port_control, domain ---
    static constexpr Cap singleton(CapType t) { return {t, Rights::all, 0, 0, 0}; }
};
static_assert(sizeof(Cap) == 16);

} // namespace mk
