// What outlives every instance: the endpoints, notifications and shared memory of all programs,
// made once, before the first of them starts. A client's capability to a server's endpoint stays
// good while the server is replaced.
#pragma once

#include "managed.hpp"
#include "protocol/memory.hpp"
#include "rpc/channel.hpp"
#include "slots.hpp"

namespace supervisor {

class Inventory {
public:
    Inventory(handover::Supervision const& given, composition::Reader const& system, Slots& slots)
        : given_{given}, system_{system}, slots_{slots}
    {
    }

    /// Makes everything. @error no_memory, or what the memory-manager says
    Result<void> make();

    std::span<spawn::Peer const> peers() const { return {peers_, system_.programs().size()}; }
    std::span<spawn::SharedMemory const> objects() const
    {
        return {objects_, system_.objects().size()};
    }
    /// A reply object for answering those who Call a program that is absent.
    sys::Reply spare_reply() const { return spare_reply_; }
    /// What everybody reads and we write. After make().
    program::SystemPage& system_page() const;

    /// Gives program `it.index` what of all this is its own, and its place for a process.
    Result<void> furnish(Managed& it);

    static constexpr usize max_objects = 1024;

private:
    Result<void> make_kernel_objects();
    Result<void> make_shared_memory();
    Result<void> share_with_trusted(u32 program, u64 space);
    Result<void> take_own_signals();
    Result<void> attach_swap();
    Result<sys::Notification> badged(u32 program, u64 badge);
    composition::Grant const* find_grant(u32 program, std::string_view name) const;
    template <class C> Result<typename C::Reply> memory(typename C::Args const& args) const
    {
        return rpc::call<memory::Memory, C>(rpc::Channel{sys::Endpoint{given_.memory_manager}},
                                            args);
    }

    handover::Supervision const& given_;
    composition::Reader const& system_;
    Slots& slots_;
    spawn::Peer peers_[composition::max_programs] = {};
    spawn::SharedMemory objects_[max_objects] = {};
    sys::Untyped untyped_;
    sys::Reply spare_reply_;
};

} // namespace supervisor
