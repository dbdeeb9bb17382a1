// See memory_machine.hpp.
#include "memory_machine.hpp"

#include "abi/extensions.hpp"
#include "sys/endpoint.hpp"
#include "sys/ipc_buffer.hpp"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

namespace fake {

namespace {

using abi::ErrorCode;
using abi::Label;
using abi::ObjectType;

constexpr u64 mask(unsigned bits)
{
    return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1;
}
[[noreturn]] void fail(char const* what)
{
    std::fprintf(stderr, "memory_machine: %s\n", what);
    std::abort();
}
unsigned span_of(ObjectType type)
{
    return type == ObjectType::x86_pdpt ? 39 : type == ObjectType::x86_page_directory ? 30 : 21;
}

} // namespace

Machine::Machine(std::vector<std::pair<u64, u32>> ram, u64 archive_pages)
{
    for (auto const& [physical, bits] : ram)
        ram_bytes_ = std::max(ram_bytes_, physical + (u64{1} << bits));
    u64 const archive = ram_bytes_;
    ram_bytes_ += archive_pages * 4096;
    file_ = memfd_create("ram", 0);
    if (file_ < 0 || ftruncate(file_, static_cast<off_t>(ram_bytes_)) != 0) fail("no memory");
    ram_ =
        static_cast<u8*>(mmap(nullptr, ram_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0));
    __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&first_buffer_);

    constexpr unsigned own_bits = 9;
    unsigned archive_bits = 1;
    while (u64{1} << archive_bits < archive_pages) ++archive_bits;
    root_.type = Type::cnode;
    root_.node = make_node(own_bits);
    root_.guard_bits = 64 - own_bits;
    u64 next = 1;
    auto const put = [&](Type type) -> Slot& {
        Slot& it = root_.node->slots[next++];
        it.type = type;
        live_.insert(&it);
        return it;
    };
    Slot& own = put(Type::cnode);
    own.node = root_.node;
    own.guard_bits = root_.guard_bits;
    put(Type::pml4).space = std::make_shared<Space>();
    root_.node->slots[2].space->own = true;
    put(Type::tcb);
    put(Type::asid_pool);
    put(Type::notification);
    Slot& frames = put(Type::cnode);
    frames.node = make_node(archive_bits);
    for (u64 i = 0; i < archive_pages; ++i) {
        Slot& it = frames.node->slots[i];
        it.type = Type::frame;
        it.physical = archive + i * 4096;
        it.bits = 12;
        live_.insert(&it);
    }
    handover_.own_cnode = 1, handover_.own_cnode_bits = own_bits, handover_.own_vspace = 2;
    handover_.own_tcb = 3, handover_.asid_pool = 4, handover_.supervisor_signal = 5;
    handover_.archive_cnode = 6, handover_.archive_cnode_bits = archive_bits;
    handover_.archive_physical = archive, handover_.archive_bytes = archive_pages * 4096;
    for (auto const& [physical, bits] : ram) {
        handover_.ram[handover_.ram_count++] = {physical, static_cast<u32>(next), bits};
        Slot& it = put(Type::untyped);
        it.physical = physical;
        it.bits = bits;
    }
    handover_.empty = {next, 1 << own_bits};
    sys::fake_kernel = {};
    sys::fake_kernel.answer = [this](auto const& call, auto& io) { on_call(call, io); };
}

Machine::~Machine()
{
    sys::fake_kernel = {};
    for (auto const& [address, bytes] : own_pages_) munmap(reinterpret_cast<void*>(address), bytes);
    munmap(ram_, ram_bytes_);
    close(file_);
}

Node* Machine::make_node(unsigned radix)
{
    nodes_.push_back(std::make_unique<Node>(Node{radix, std::vector<Slot>(u64{1} << radix)}));
    return nodes_.back().get();
}

Slot* Machine::resolve(Slot& root, u64 address, unsigned bits)
{
    Slot* at = &root;
    for (;;) {
        if (at->type != Type::cnode) return nullptr;
        unsigned const level = static_cast<unsigned>(at->guard_bits) + at->node->radix;
        if (level > bits) return nullptr;
        u64 const rest = address & mask(bits);
        if (at->guard_bits != 0 && rest >> (bits - at->guard_bits) != at->guard) return nullptr;
        bits -= level;
        at = &at->node->slots[rest >> bits & mask(at->node->radix)];
        if (bits == 0) return at;
        if (at->type != Type::cnode) return nullptr;
    }
}

Slot* Machine::slot(u64 address)
{
    return resolve(root_, address, 64);
}
Slot* Machine::target(Slot& root, u64 index, u64 depth)
{
    return depth < 1 || depth > 64 ? nullptr : resolve(root, index, static_cast<unsigned>(depth));
}

void Machine::give_frame(u64 address, u64 physical, unsigned bits)
{
    Slot& it = *slot(address);
    it = {};
    it.type = Type::frame;
    it.physical = physical;
    it.bits = bits;
    live_.insert(&it);
}

bool Machine::is_last(Slot const& slot) const
{
    for (Slot const* other : live_)
        if (other != &slot && other->type == slot.type &&
            (slot.type == Type::cnode
                 ? other->node == slot.node
                 : slot.space && other->space == slot.space && other->physical == slot.physical))
            return false;
    return true;
}

void Machine::remove(Slot& slot)
{
    if (slot.type == Type::null) return;
    if (slot.type == Type::frame) unmap(slot);
    if (slot.type == Type::table && slot.space && is_last(slot)) {
        slot.space->tables.erase({slot.bits, slot.address});
        std::erase_if(slot.space->pages, [&](auto const& page) {
            bool const below = page.first >> slot.bits == slot.address >> slot.bits;
            if (below) show(*slot.space, page.first, nullptr);
            return below;
        });
    }
    if (slot.type == Type::pml4 && is_last(slot)) {
        slot.space->alive = false;
        slot.space->pages.clear();
    }
    if (slot.type == Type::cnode && is_last(slot)) {
        for (Slot& inner : slot.node->slots) remove(inner);
        slot.node->slots = {};
    }
    for (Slot* child : slot.children) {
        child->parent = slot.parent;
        if (slot.parent) slot.parent->children.insert(child);
    }
    if (slot.parent) slot.parent->children.erase(&slot);
    live_.erase(&slot);
    slot = {};
}

void Machine::revoke(Slot& slot)
{
    while (!slot.children.empty()) {
        Slot* child = *slot.children.begin();
        while (!child->children.empty()) child = *child->children.begin();
        remove(*child);
    }
    slot.used = 0;
}

void Machine::move(Slot& from, Slot& to)
{
    to = from;
    from = {};
    live_.erase(&from);
    live_.insert(&to);
    if (to.parent) to.parent->children.erase(&from), to.parent->children.insert(&to);
    for (Slot* child : to.children) child->parent = &to;
}

/// A copy stands beside other copies, below the original.
void Machine::derive(Slot& from, Slot& to)
{
    to = from;
    to.children.clear();
    if (to.type == Type::frame) to.space = nullptr;
    bool const from_copy =
        from.parent && from.parent->type == from.type && from.parent->physical == from.physical;
    Slot* const parent = from_copy && from.type != Type::untyped ? from.parent : &from;
    to.parent = parent;
    parent->children.insert(&to);
    live_.insert(&to);
}

ErrorCode Machine::retype(Slot& from, Words const& words, Slot& root)
{
    auto const type = static_cast<ObjectType>(words[0]);
    unsigned const bits = static_cast<unsigned>(abi::object_bits(type, words[1]));
    u64 const count = words[5], bytes = u64{1} << bits;
    if (from.type != Type::untyped || bits == 0 || count == 0 || count > 256)
        return ErrorCode::invalid_argument;
    Slot* const node = words[3] == 0 ? &root : target(root, words[2], words[3]);
    if (node == nullptr || node->type != Type::cnode) return ErrorCode::failed_lookup;
    if (words[4] + count > node->node->slots.size()) return ErrorCode::range_error;
    for (u64 i = 0; i < count; ++i)
        if (node->node->slots[words[4] + i].type != Type::null) return ErrorCode::delete_first;
    if (from.children.empty()) from.used = 0;
    u64 const start = (from.used + bytes - 1) / bytes * bytes;
    if (start + count * bytes > u64{1} << from.bits) return ErrorCode::not_enough_memory;
    from.used = start + count * bytes;
    for (u64 i = 0; i < count; ++i) {
        Slot& it = node->node->slots[words[4] + i];
        it.physical = from.physical + start + i * bytes;
        it.bits = bits;
        it.parent = &from;
        from.children.insert(&it);
        live_.insert(&it);
        if (type == ObjectType::untyped) {
            it.type = Type::untyped;
            continue;
        }
        std::memset(ram(it.physical), 0, bytes);
        clears += static_cast<unsigned>(bytes / 4096);
        switch (type) {
        case ObjectType::cnode:
            it.type = Type::cnode;
            it.node = make_node(static_cast<unsigned>(words[1]));
            break;
        case ObjectType::x86_4k:
        case ObjectType::x86_large_page:
            it.type = Type::frame;
            break;
        case ObjectType::x64_pml4:
            it.type = Type::pml4;
            break;
        case ObjectType::reply:
            it.type = Type::reply;
            break;
        default:
            it.type = Type::table;
            it.bits = span_of(type);
        }
    }
    return ErrorCode::no_error;
}

ErrorCode Machine::cnode(Slot& root, Label label, Words const& words, std::vector<u64> const& caps)
{
    Slot* const to = target(root, words[0], words[1]);
    if (to == nullptr) return ErrorCode::failed_lookup;
    if (label == Label::cnode_delete) return remove(*to), ErrorCode::no_error;
    if (label == Label::cnode_revoke) return revoke(*to), ErrorCode::no_error;
    Slot* const source_root = slot(caps[0]);
    Slot* const from = source_root ? target(*source_root, words[2], words[3]) : nullptr;
    if (to->type != Type::null) return ErrorCode::delete_first;
    if (from == nullptr || from->type == Type::null) return ErrorCode::failed_lookup;
    switch (label) {
    case Label::cnode_copy:
        derive(*from, *to);
        to->rights &= words[4];
        return ErrorCode::no_error;
    case Label::cnode_mint:
        derive(*from, *to);
        break;
    case Label::cnode_move:
        move(*from, *to);
        return ErrorCode::no_error;
    default:
        move(*from, *to);
    }
    u64 const data = words[label == Label::cnode_mint ? 5 : 4];
    if (to->type == Type::cnode) to->guard_bits = data & 63, to->guard = data >> 6;
    return ErrorCode::no_error;
}

ErrorCode Machine::invoke(Slot& target, Label label, Words const& words,
                          std::vector<u64> const& caps, Words& answer)
{
    Slot* const first = caps.empty() ? nullptr : slot(caps[0]);
    bool const execute = label != abi::page_map_execute_never;
    if (!execute) label = Label::x86_page_map;
    if (label == abi::table_harvest) return harvest(target, words, answer);
    switch (label) {
    case Label::untyped_retype:
        return retype(target, words, *first);
    case Label::cnode_delete:
    case Label::cnode_revoke:
    case Label::cnode_copy:
    case Label::cnode_mint:
    case Label::cnode_move:
    case Label::cnode_mutate:
        return cnode(target, label, words, caps);
    case Label::x86_pdpt_map:
    case Label::x86_page_directory_map:
    case Label::x86_page_table_map:
        return map_table(target, words[0], *first, answer);
    case Label::x86_page_map:
        ++maps;
        return map_page(target, words, execute, *first, answer);
    case Label::x86_page_unmap:
        unmap(target);
        return ErrorCode::no_error;
    case Label::x86_asid_pool_assign:
        first->space = std::make_shared<Space>();
        return ErrorCode::no_error;
    case Label::tcb_configure:
        root_ = *first;
        return ErrorCode::no_error;
    default:
        fail("a call the fake does not know");
    }
}

void Machine::on_call(sys::FakeCall const& call, sys::Registers& io)
{
    sys::fake_kernel.calls.clear();
    Slot* const object = slot(call.in.cap_or_badge);
    if (object == nullptr || object->type == Type::null) fail("a call of an empty slot");
    if (call.number == abi::Syscall::send) {
        if (object->type == Type::notification)
            ++signals;
        else
            answered.push_back(call.in.cap_or_badge);
        return;
    }
    abi::MessageInfo const info{call.in.info};
    auto const& buffer = sys::ipc_buffer();
    Words words, answer;
    for (u64 i = 0; i < info.length(); ++i) words.push_back(i < 4 ? call.in.mr[i] : buffer.msg[i]);
    std::vector<u64> caps;
    for (u64 i = 0; i < info.extra_caps(); ++i) caps.push_back(buffer.caps_or_badges[i]);
    auto const code = invoke(*object, static_cast<Label>(info.label()), words, caps, answer);
    io.info = abi::MessageInfo(static_cast<u64>(code), 0, 0, answer.size()).word();
    for (u64 i = 0; i < answer.size(); ++i)
        (i < 4 ? io.mr[i] : sys::ipc_buffer().msg[i]) = answer[i];
}

} // namespace fake
