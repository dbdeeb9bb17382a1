// See inventory.hpp.
#include "inventory.hpp"

#include "abi/object_type.hpp"
#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "rpc/capability_channel.hpp"
#include "rpc/serve.hpp"

namespace supervisor {

namespace {

using composition::Grant;

/// Where we see other programs' shared memory: in the area for DMA, of which we need none.
constexpr u64 page_bytes = u64{1} << abi::page_bits;
constexpr u64 system_page_address = program::layout::dma;
constexpr u64 status_address = system_page_address + page_bytes;
constexpr u64 log_address = program::layout::dma + 0x100'0000;
constexpr u64 log_stride = 0x1'0000;
static_assert(sizeof(log_protocol::Shared) <= log_stride);
static_assert(status_address + composition::max_programs * page_bytes <= log_address);

/// Bits of every program's notification (docs/architecture/system.md, "What a program finds").
constexpr u64 change_bit = u64{1} << 60, heartbeat_bit = u64{1} << 61;

/// 64 endpoints, notifications and the clock's objects take less.
constexpr u64 untyped_bits = 14;

} // namespace

Result<void> Inventory::make()
{
    if (system_.objects().size() > max_objects) return Error::no_memory;
    TRY(make_kernel_objects());
    return make_shared_memory();
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
    rpc::Channel const memory{sys::Endpoint{given_.memory_manager}};
    for (usize i = 0; i < system_.objects().size(); ++i) {
        composition::Object const& it = system_.objects()[i];
        constexpr u64 address_bits = 64;
        auto const made = TRY((rpc::call<memory::Memory, memory::CreateObject>(
            memory, {it.pages * page_bytes, it.contiguous, address_bits})));
        objects_[i] = {made.object, made.physical};
    }
    // All programs see one system page: the first grant of that name tells which object it is.
    for (composition::Program const& program : system_.programs())
        if (Grant const* const grant = shared_grant(program, "system"))
            return map(grant->object, system_page_address,
                       memory::access_read | memory::access_write);
    return Error::not_found;
}

program::SystemPage& Inventory::system_page() const
{
    return *reinterpret_cast<program::SystemPage*>(system_page_address);
}

Result<void> Inventory::furnish(Managed& it)
{
    composition::Program const& program = *it.definition;
    it.process = spawn::Process{TRY(slots_.take(spawn::process_slots))};
    it.endpoint = sys::Endpoint{peers_[it.index].endpoint};
    it.ask_heartbeat = TRY(badged(it.index, heartbeat_bit));
    it.tell_change = TRY(badged(it.index, change_bit));
    Grant const* const status = shared_grant(program, "status");
    if (!status) return Error::not_found;
    u64 const address = status_address + it.index * page_bytes;
    TRY(map(status->object, address, memory::access_read | memory::access_write));
    it.status = reinterpret_cast<program::StatusPage*>(address);
    Grant const* const log = shared_grant(program, "log.shared");
    if (!log || log->bytes < sizeof(log_protocol::Shared)) return {};
    u64 const ring = log_address + it.index * log_stride;
    TRY(map(log->object, ring, memory::access_read));
    it.log = reinterpret_cast<log_protocol::Shared const*>(ring);
    return {};
}

Result<void> Inventory::map(u32 object, u64 address, u64 access)
{
    TRY((rpc::call<memory::Memory, memory::MapObject>(
        rpc::Channel{sys::Endpoint{given_.memory_manager}},
        {given_.own_space, objects_[object].object, address, access})));
    return {};
}

/// A capability that signals `bit` to a program.
Result<sys::Notification> Inventory::badged(u32 program, u64 bit)
{
    sys::Notification const it{TRY(slots_.take())};
    if (!slots_.slot(it).mint_from(slots_.cnode().slot(peers_[program].notification),
                                   rpc::signal_bit | bit, sys::Rights::write))
        return Error::no_memory;
    return it;
}

Grant const* Inventory::shared_grant(composition::Program const& program,
                                     std::string_view name) const
{
    for (Grant const& it : system_.grants(program)) {
        bool const shared = it.kind == composition::GrantKind::shared ||
                            it.kind == composition::GrantKind::shared_read;
        if (shared && composition::text(it.name) == name) return &it;
    }
    return nullptr;
}

} // namespace supervisor
