// See inventory.hpp.
#include "inventory.hpp"

#include "abi/object_type.hpp"
#include "kit/text.hpp"
#include "program/layout.hpp"
#include "rpc/capability_channel.hpp"
#include "rpc/serve.hpp"

namespace supervisor {

namespace {

using composition::Grant;

constexpr u64 page_bytes = u64{1} << abi::page_bits;
constexpr u64 read_write = memory::access_read | memory::access_write;
/// Where we see other programs' log rings: in the area for DMA, of which we need none.
constexpr u64 log_address = program::layout::dma;
constexpr u64 log_stride = 0x1'0000;
static_assert(sizeof(log_protocol::Shared) <= log_stride);

/// Bits of every program's notification (docs/architecture/system.md, "What a program finds").
constexpr u64 change_bit = u64{1} << 60, heartbeat_bit = u64{1} << 61;

/// 64 endpoints and notifications take less.
constexpr u64 untyped_bits = 13;

bool is_mapped(Grant const& grant)
{
    using composition::GrantKind;
    return grant.kind == GrantKind::shared || grant.kind == GrantKind::shared_read ||
           grant.kind == GrantKind::pool;
}

} // namespace

Result<void> Inventory::make()
{
    constexpr u64 memory_manager_itself = 0;
    composition::Header const& header = system_.header();
    if (system_.objects().size() > max_objects) return Error::no_memory;
    TRY(make_kernel_objects());
    TRY(make_shared_memory());
    TRY(share_with_trusted(header.supervisor, given_.own_space));
    TRY(share_with_trusted(header.device_manager, given_.device_space));
    TRY(share_with_trusted(header.memory_manager, memory_manager_itself));
    TRY(take_own_signals());
    (void)attach_swap();
    return {};
}

Result<void> Inventory::make_kernel_objects()
{
    using abi::ObjectType;
    composition::Header const& header = system_.header();
    usize const count = system_.programs().size();
    untyped_ = sys::Untyped{TRY(slots_.take())};
    rpc::CapabilityChannel channel{sys::Endpoint{given_.memory_manager}, {}, slots_.slot(untyped_)};
    TRY((rpc::call<memory::Memory, memory::TakeUntyped>(channel, {untyped_bits})));
    u64 const endpoints = TRY(slots_.take(count)), notifications = TRY(slots_.take(count));
    spare_reply_ = sys::Reply{TRY(slots_.take())};
    sys::CNode const own = slots_.cnode();
    if (!untyped_.retype(ObjectType::notification, 0, own.slot(notifications), count) ||
        !untyped_.retype(ObjectType::reply, 0, slots_.slot(spare_reply_)) ||
        !untyped_.retype(ObjectType::endpoint, 0, own.slot(endpoints), count))
        return Error::no_memory;
    for (usize i = 0; i < count; ++i) peers_[i] = {endpoints + i, notifications + i};
    // The trusted base has its own, made by root.
    peers_[header.root] = {given_.root_endpoint, 0};
    peers_[header.memory_manager] = {given_.memory_endpoint, given_.memory_notification};
    peers_[header.device_manager] = {given_.device_endpoint, given_.device_notification};
    peers_[header.supervisor] = {given_.endpoint, given_.notification};
    return {};
}

Result<void> Inventory::make_shared_memory()
{
    for (usize i = 0; i < system_.objects().size(); ++i) {
        composition::Object const& it = system_.objects()[i];
        constexpr u64 address_bits = 64;
        auto const made =
            TRY(memory<memory::CreateObject>({it.pages * page_bytes, it.contiguous, address_bits}));
        objects_[i] = {made.object, made.physical};
    }
    return {};
}

/// Root made the trusted base when there were no shared objects yet: they are mapped now, where the
/// description has promised them.
Result<void> Inventory::share_with_trusted(u32 program, u64 space)
{
    for (Grant const& it : system_.grants(system_.program(program))) {
        if (!is_mapped(it)) continue;
        bool const readable = it.kind == composition::GrantKind::shared_read;
        TRY(memory<memory::MapObject>({space, objects_[it.object].object, it.address,
                                       readable ? memory::access_read : read_write}));
    }
    return {};
}

/// The capabilities that our own description promises: to signal programs that root did not know.
Result<void> Inventory::take_own_signals()
{
    u32 const self = system_.header().supervisor;
    for (Grant const& it : system_.grants(system_.program(self))) {
        if (it.kind != composition::GrantKind::signal) continue;
        sys::CNode const own = slots_.cnode();
        if (!own.slot(it.slot).mint_from(own.slot(peers_[it.peer].notification), it.value,
                                         sys::Rights::write))
            return Error::slot_occupied;
    }
    return {};
}

/// If the memory-manager has an edge to a disk, it swaps there.
Result<void> Inventory::attach_swap()
{
    u32 const manager = system_.header().memory_manager;
    Grant const* const rings = find_grant(manager, "swap.shared");
    Grant const* const pool = find_grant(manager, "swap.pool");
    Grant const* const signal = find_grant(manager, "swap.signal");
    if (!rings || !pool || !signal) return {};
    auto const driver = TRY(badged(signal->peer, signal->value));
    rpc::CapabilityChannel channel{sys::Endpoint{given_.memory_manager}, driver};
    TRY((rpc::call<memory::Memory, memory::AttachSwap>(
        channel, {rings->address, pool->address, pool->bytes})));
    return {};
}

program::SystemPage& Inventory::system_page() const
{
    Grant const* const grant = find_grant(system_.header().supervisor, "system");
    return *reinterpret_cast<program::SystemPage*>(grant->address);
}

Result<void> Inventory::furnish(Managed& it)
{
    it.process = spawn::Process{TRY(slots_.take(spawn::process_slots))};
    it.endpoint = sys::Endpoint{peers_[it.index].endpoint};
    it.ask_heartbeat = TRY(badged(it.index, rpc::signal_bit | heartbeat_bit));
    it.tell_change = TRY(badged(it.index, rpc::signal_bit | change_bit));
    kit::Text<composition::name_bytes> name; // of our end of its status page
    name.add("status.", it.index);
    Grant const* const status = find_grant(system_.header().supervisor, name.view());
    if (!status) return Error::not_found;
    it.status = reinterpret_cast<program::StatusPage*>(status->address);
    Grant const* const log = find_grant(it.index, "log.shared");
    if (!log || log->bytes < sizeof(log_protocol::Shared) || log->bytes > log_stride) return {};
    u64 const ring = log_address + it.index * log_stride;
    TRY(memory<memory::MapObject>(
        {given_.own_space, objects_[log->object].object, ring, memory::access_read}));
    it.log = reinterpret_cast<log_protocol::Shared const*>(ring);
    return {};
}

/// A capability that signals a program.
Result<sys::Notification> Inventory::badged(u32 program, u64 badge)
{
    sys::Notification const it{TRY(slots_.take())};
    if (!slots_.slot(it).mint_from(slots_.cnode().slot(peers_[program].notification), badge,
                                   sys::Rights::write))
        return Error::no_memory;
    return it;
}

Grant const* Inventory::find_grant(u32 program, std::string_view name) const
{
    for (Grant const& it : system_.grants(system_.program(program)))
        if (composition::text(it.name) == name) return &it;
    return nullptr;
}

} // namespace supervisor
