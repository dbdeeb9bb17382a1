// The protocol memory.hpp, method by method: who may, whether the arguments make sense, then the
// work. A refused call changes nothing.
#pragma once

#include "manager.hpp"
#include "protocol/memory.hpp"

namespace memory_manager {

class Service {
public:
    explicit Service(Manager& manager) : m_{manager} {}

    /// Before a call: nothing goes with the answer yet. After it: what does, 0 nothing.
    void begin(bool has_capability);
    u64 end();

    /// Answers a call. What the manager is refused because the machine's memory is short is tried
    /// once more when everything that ended spaces hold was taken back.
    void serve(rpc::Client client, rpc::Message& message);

    template <class C> using Answer = Result<typename C::Reply>;
    template <class C> using Args = typename C::Args;
    using Client = rpc::Client;

    Answer<memory::Allocate> on(memory::Allocate, Args<memory::Allocate> const&, Client);
    Answer<memory::Free> on(memory::Free, Args<memory::Free> const&, Client);
    Answer<memory::Statistics> on(memory::Statistics, Args<memory::Statistics> const&, Client);
    Answer<memory::SpaceStatistics> on(memory::SpaceStatistics,
                                       Args<memory::SpaceStatistics> const&, Client);
    Answer<memory::MachineStatistics> on(memory::MachineStatistics,
                                         Args<memory::MachineStatistics> const&, Client);
    Answer<memory::CreateSpace> on(memory::CreateSpace, Args<memory::CreateSpace> const&, Client);
    Answer<memory::DestroySpace> on(memory::DestroySpace, Args<memory::DestroySpace> const&,
                                    Client);
    Answer<memory::MapArchive> on(memory::MapArchive, Args<memory::MapArchive> const&, Client);
    Answer<memory::MapAnonymous> on(memory::MapAnonymous, Args<memory::MapAnonymous> const&,
                                    Client);
    Answer<memory::CreateObject> on(memory::CreateObject, Args<memory::CreateObject> const&,
                                    Client);
    Answer<memory::MapObject> on(memory::MapObject, Args<memory::MapObject> const&, Client);
    Answer<memory::DestroyObject> on(memory::DestroyObject, Args<memory::DestroyObject> const&,
                                     Client);
    Answer<memory::MapFrame> on(memory::MapFrame, Args<memory::MapFrame> const&, Client);
    Answer<memory::TakeUntyped> on(memory::TakeUntyped, Args<memory::TakeUntyped> const&, Client);
    Answer<memory::ReturnUntyped> on(memory::ReturnUntyped, Args<memory::ReturnUntyped> const&,
                                     Client);
    Answer<memory::Fill> on(memory::Fill, Args<memory::Fill> const&, Client);
    Answer<memory::TakeFrame> on(memory::TakeFrame, Args<memory::TakeFrame> const&, Client);
    Answer<memory::NextFault> on(memory::NextFault, Args<memory::NextFault> const&, Client);
    Answer<memory::ResumeFault> on(memory::ResumeFault, Args<memory::ResumeFault> const&, Client);
    Answer<memory::AttachSwap> on(memory::AttachSwap, Args<memory::AttachSwap> const&, Client);
    Answer<memory::Peek> on(memory::Peek, Args<memory::Peek> const&, Client);
    Answer<memory::MapVictim> on(memory::MapVictim, Args<memory::MapVictim> const&, Client);
    Answer<memory::Sweep> on(memory::Sweep, Args<memory::Sweep> const&, Client);
    Answer<memory::MapImage> on(memory::MapImage, Args<memory::MapImage> const&, Client);
    Answer<memory::Seal> on(memory::Seal, Args<memory::Seal> const&, Client);
    Answer<memory::NextRefusal> on(memory::NextRefusal, Args<memory::NextRefusal> const&, Client);

private:
    void serve_sweeping(Client client, rpc::Message& message);
    /// The space that a program calls for. Errors: not_found.
    Result<Space*> caller(Client client);
    /// The same of a program that has the right `loader`. Errors: missing_rights, not_found.
    template <class C> Result<Space*> loader(Client client)
    {
        // The manager's badge is none of a program, whatever bits it has.
        bool const may = client.badge != memory::manager && client.badge & memory::loader_bit;
        if (!may) return refused<C>(client);
        return caller(client);
    }
    /// The space that the manager means. Errors: missing_rights, not_found.
    template <class C> Result<Space*> managed(Client client, u64 space)
    {
        if (client.badge != memory::manager) return refused<C>(client);
        return existing(space);
    }
    Result<Space*> existing(u64 number);
    /// Takes note, for NextRefusal, that the client may not have or do this. Returns `why`.
    template <class C> Error refused(Client client, Error why = Error::missing_rights)
    {
        return refuse(client, rpc::number_of<memory::Memory, C>(), why);
    }
    Error refuse(Client client, u64 call, Error why);
    /// Adds a region, and fills it where the space is resident. On an error it is gone again.
    Result<void> add(Space& space, Region const& region);
    /// Maps the frame capability in `slot`, which becomes the space's. The same region may get
    /// another frame later.
    Result<void> put_frame(Space& space, Region const& region, u64 slot, abi::VmAttributes type);
    Result<void> map_own(SharedObject& object, u64 address, u64 access);

    Manager& m_;
    bool has_capability_ = false;
    u64 answer_capability_ = 0;
};

} // namespace memory_manager
