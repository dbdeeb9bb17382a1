// The trusted base as root makes it: memory-manager by hand, then device-manager and supervisor
// with the memory-manager's help, and what each is handed.
#pragma once

#include "estate.hpp"
#include "serial.hpp"
#include "spawn/spawn.hpp"

namespace root {

class Gift;

class TrustedBase {
public:
    TrustedBase(abi::BootInfo const& info, Serial serial, Ram& ram, Objects& objects,
                AddressSpace& own, Archive const& archive, composition::Reader const& system);

    /// Makes and starts the three programs. Gives up if it cannot.
    void start();
    /// Gives up what was needed for that alone: from now on root can make nothing.
    void drop() const;

    sys::Endpoint endpoint() const { return sys::Endpoint{peers_[system_.header().root].endpoint}; }
    /// Member `index` of the description, which died: null if it is none of ours.
    spawn::Process const* member(u64 index) const;

private:
    void make_peers();
    void start_memory_manager();
    void start_device_manager();
    void start_supervisor();
    handover::Memory const& gift_to_memory_manager();
    void give_device_memory(Gift& gift, handover::Devices& devices);
    void give_members(Gift& gift, handover::Supervision& to);
    void map_archive(spawn::Process const& process);
    spawn::Image image_of(u32 index) const;
    spawn::Process new_process();
    void load(spawn::Image const& image, AddressSpace& space, Objects& objects);
    sys::Frame map_filled(AddressSpace& space, Objects& objects, u64 address,
                          std::span<u8 const> bytes);
    void must(spawn::Result<void> const& result, char const* name) const;

    abi::BootInfo const& info_;
    Serial serial_;
    Ram& ram_;
    Objects& objects_;
    AddressSpace& own_;
    Archive const& archive_;
    composition::Reader const& system_;
    std::array<spawn::Peer, composition::max_programs> peers_{};
    spawn::Maker maker_;
    spawn::Process memory_manager_, device_manager_, supervisor_;
    u64 memory_manager_bytes_ = 0; ///< it is not in its own books
};

} // namespace root
