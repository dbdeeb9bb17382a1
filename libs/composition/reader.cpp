// See reader.hpp. The checks, in the order of the file; each says what the code behind relies on.
#include "composition/reader.hpp"

#include "abi/constants.hpp"
#include "kit/bits.hpp"
#include "program/layout.hpp"
#include "runtime/arguments.hpp"
#include <cstring>

namespace composition {

namespace {

namespace layout = program::layout;

constexpr u32 max_array = 65536; ///< entries of one array: keeps all sums far from overflow

/// A name: something, and its end inside the field.
template <usize N> bool is_name(char const (&name)[N])
{
    return name[0] != 0 && std::memchr(name, 0, N) != nullptr;
}

bool is_range(u32 first, u32 count, u32 size)
{
    return first <= size && count <= size - first;
}

/// [address, address + bytes) is whole pages of the area [start, end).
bool is_inside(u64 address, u64 bytes, u64 start, u64 end)
{
    return (address & 4095) == 0 && bytes > 0 && address >= start && address <= end &&
           bytes <= end - address;
}

bool is_platform(Match const& match)
{
    return match.bus != Bus::platform || is_name(match.id);
}

Fault check_numbers(Program const& it)
{
    if (it.kind > Kind::driver || it.restart > Restart::never || it.match.bus > Bus::platform ||
        !is_platform(it.match))
        return Fault::bad_value;
    // Untypeds of one byte to 1 GiB; a CNode has at least two slots, and addresses are 32 bits.
    if (it.cnode_bits < 1 || it.cnode_bits > 20 || it.objects_bits < 12 || it.objects_bits > 30)
        return Fault::bad_value;
    if (it.budget_us < abi::min_budget_us || it.period_us < it.budget_us) return Fault::bad_value;
    if (it.quiesce_count > 8 || it.need_count > 64) return Fault::bad_value;
    // Each is a named value of its arguments.
    if (it.grant_count > runtime::max_named_values) return Fault::bad_value;
    return Fault::ok;
}

/// Which slots of one program are given out already.
class Slots {
    static constexpr u32 most = 4096;
    u64 taken_[most / 64] = {};
    u32 size_;

public:
    explicit Slots(u8 cnode_bits) : size_{cnode_bits < 12 ? u32{1} << cnode_bits : most} {}
    /// False for one that is taken, does not exist, or is not among the first 4096.
    bool take(u32 slot)
    {
        if (slot == 0 || slot >= size_) return false;
        u64 const mask = bit(slot % 64);
        if (taken_[slot / 64] & mask) return false;
        taken_[slot / 64] |= mask;
        return true;
    }
};

bool wants_slot(GrantKind kind)
{
    switch (kind) {
    case GrantKind::shared:
    case GrantKind::shared_read:
    case GrantKind::pool:
    case GrantKind::pool_dma:
    case GrantKind::number:
        return false;
    default:
        return true;
    }
}

bool wants_object(GrantKind kind)
{
    return kind == GrantKind::shared || kind == GrantKind::shared_read || kind == GrantKind::pool ||
           kind == GrantKind::pool_dma;
}

bool wants_peer(GrantKind kind)
{
    return kind == GrantKind::call || kind == GrantKind::signal;
}

Fault check_grant(Grant const& it, Header const& header, Object const* objects, Slots& slots)
{
    if (!is_name(it.name)) return Fault::bad_text;
    if (it.kind < GrantKind::serve || it.kind > GrantKind::own_signal) return Fault::bad_value;
    if (wants_slot(it.kind) && !slots.take(it.slot)) return Fault::slot_taken;
    if (wants_peer(it.kind) && it.peer >= header.program_count) return Fault::bad_index;
    if (!wants_object(it.kind)) return Fault::ok;

    if (it.object >= header.object_count) return Fault::bad_index;
    Object const& object = objects[it.object];
    if (it.bytes != u64{object.pages} * 4096) return Fault::bad_value;
    if (it.kind == GrantKind::pool_dma || it.kind == GrantKind::pool)
        if (!object.contiguous) return Fault::bad_value;
    if (it.kind == GrantKind::pool_dma) return Fault::ok;
    return is_inside(it.address, it.bytes, layout::shared, layout::shared_end) ? Fault::ok
                                                                               : Fault::bad_address;
}

/// Bytes of memory that a need maps, as far as the description knows them.
u64 mapped_bytes(Need const& it)
{
    switch (it.kind) {
    case NeedKind::bar:
    case NeedKind::dma:
        return it.first;
    case NeedKind::hpet:
    case NeedKind::framebuffer:
        return 4096;
    default:
        return 0;
    }
}

Fault check_need(Need const& it, Slots& slots)
{
    if (!is_name(it.name)) return Fault::bad_text;
    switch (it.kind) {
    case NeedKind::ports:
        if (it.first > it.last || it.last > 0xffff) return Fault::bad_value;
        return slots.take(it.slot) ? Fault::ok : Fault::slot_taken;
    case NeedKind::irq_isa:
        if (it.first > 15) return Fault::bad_value;
        return slots.take(it.slot) ? Fault::ok : Fault::slot_taken;
    case NeedKind::irq_pci:
    case NeedKind::irq_hpet:
        return slots.take(it.slot) ? Fault::ok : Fault::slot_taken;
    case NeedKind::bar:
        if (it.index > 5) return Fault::bad_value;
        [[fallthrough]];
    case NeedKind::hpet:
    case NeedKind::framebuffer:
        return is_inside(it.address, mapped_bytes(it), layout::device, layout::device_end)
                   ? Fault::ok
                   : Fault::bad_address;
    case NeedKind::dma:
        if (it.address_bits < 24 || it.address_bits > 64) return Fault::bad_value;
        return is_inside(it.address, mapped_bytes(it), layout::dma, layout::dma_end)
                   ? Fault::ok
                   : Fault::bad_address;
    }
    return Fault::bad_value;
}

Fault check_quiesce(Quiesce const& it)
{
    bool const known = it.kind >= QuiesceKind::write8 && it.kind <= QuiesceKind::poll32;
    return known && (it.bar <= 5 || it.bar >= 0xfe) ? Fault::ok : Fault::bad_value;
}

bool overlap(Grant const& a, Grant const& b)
{
    bool const both = a.address != 0 && b.address != 0;
    return both && a.address < b.address + b.bytes && b.address < a.address + a.bytes;
}

} // namespace

Result<Reader, Fault> Reader::open(std::span<u8 const> file)
{
    Reader it;
    if (Fault const fault = it.find_arrays(file); fault != Fault::ok) return fault;
    if (Fault const fault = it.check_programs(); fault != Fault::ok) return fault;
    for (Object const& object : it.objects()) {
        if (!is_name(object.name)) return Fault::bad_text;
        if (object.pages == 0 || object.contiguous > 1) return Fault::bad_value;
    }
    for (u32 i = 0; i < it.header_->quiesce_count; ++i)
        if (Fault const fault = check_quiesce(it.quiesces_[i]); fault != Fault::ok) return fault;
    for (Program const& program : it.programs())
        if (Fault const fault = it.check_program(program); fault != Fault::ok) return fault;
    return it;
}

Fault Reader::find_arrays(std::span<u8 const> file)
{
    if (file.size() < sizeof(Header) || reinterpret_cast<uptr>(file.data()) % 8 != 0)
        return Fault::truncated;
    header_ = reinterpret_cast<Header const*>(file.data());
    Header const& h = *header_;
    if (h.magic != magic) return Fault::bad_magic;
    if (h.version != version) return Fault::bad_version;
    if (h.bytes != file.size()) return Fault::bad_size;
    if (h.program_count > max_programs) return Fault::too_many;
    for (u32 const count : {h.grant_count, h.need_count, h.quiesce_count, h.object_count})
        if (count > max_array) return Fault::too_many;

    u64 at = sizeof(Header);
    auto const array = [&]<class T>(T const*& first, u32 count) {
        first = reinterpret_cast<T const*>(file.data() + at);
        at += u64{count} * sizeof(T);
    };
    array(programs_, h.program_count);
    array(grants_, h.grant_count);
    array(needs_, h.need_count);
    array(quiesces_, h.quiesce_count);
    array(objects_, h.object_count);
    array(text_, h.text_bytes);
    return at == file.size() ? Fault::ok : Fault::bad_size;
}

/// Names, and every range that a program claims.
Fault Reader::check_programs() const
{
    Header const& h = *header_;
    if (!std::memchr(h.profile, 0, sizeof h.profile)) return Fault::bad_text;
    for (u32 const index : {h.memory_manager, h.device_manager, h.supervisor, h.root})
        if (index >= h.program_count) return Fault::bad_index;
    for (u32 i = 0; i < h.program_count; ++i) {
        Program const& it = programs_[i];
        if (!is_name(it.name) || !is_name(it.file) || find(text(it.name)) != i)
            return Fault::bad_text;
        if (!is_range(it.first_grant, it.grant_count, h.grant_count) ||
            !is_range(it.first_need, it.need_count, h.need_count) ||
            !is_range(it.first_quiesce, it.quiesce_count, h.quiesce_count) ||
            !is_range(it.manifest, it.manifest_bytes, h.text_bytes))
            return Fault::bad_index;
        if (Fault const fault = check_numbers(it); fault != Fault::ok) return fault;
    }
    return Fault::ok;
}

/// Its grants and needs, one by one and against each other.
Fault Reader::check_program(Program const& program) const
{
    Slots slots{program.cnode_bits};
    u32 replies = 0;
    auto const all = grants(program);
    for (usize i = 0; i < all.size(); ++i) {
        if (Fault const fault = check_grant(all[i], *header_, objects_, slots); fault != Fault::ok)
            return fault;
        replies += all[i].kind == GrantKind::reply;
        if (all[i].kind == GrantKind::monitor &&
            !(program.flags & (flag_monitor | flag_observer | flag_uploader)))
            return Fault::bad_value;
        for (usize k = 0; k < i; ++k)
            if (overlap(all[i], all[k])) return Fault::bad_address;
    }
    if (replies != program.reply_count || replies > max_replies) return Fault::bad_value;
    for (Need const& need : needs(program))
        if (Fault const fault = check_need(need, slots); fault != Fault::ok) return fault;
    return Fault::ok;
}

std::string_view Reader::profile() const
{
    return text(header_->profile);
}

u32 Reader::find(std::string_view name) const
{
    for (u32 i = 0; i < header_->program_count; ++i)
        if (text(programs_[i].name) == name) return i;
    return no_index;
}

char const* sentence(Fault fault)
{
    switch (fault) {
    case Fault::ok:
        return "no fault";
    case Fault::truncated:
        return "truncated or misaligned";
    case Fault::bad_magic:
        return "not a system description";
    case Fault::bad_version:
        return "of another version";
    case Fault::bad_size:
        return "its size is not the sum of its parts";
    case Fault::too_many:
        return "more entries than a system may have";
    case Fault::bad_text:
        return "a name that is empty, endless or there twice";
    case Fault::bad_index:
        return "a reference to something that is not there";
    case Fault::bad_value:
        return "a number outside what it means";
    case Fault::slot_taken:
        return "two capabilities in one slot, or one behind the CNode's end";
    case Fault::bad_address:
        return "memory outside its area or over other memory";
    }
    return "unknown fault";
}

} // namespace composition
