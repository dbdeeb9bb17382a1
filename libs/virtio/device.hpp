// A virtio device on PCI, as its driver sees it after the device-manager has found its structures:
// reset, features, queues, start. Registers is hw::Mmio, or a fake device in host tests.
// [VIRTIO 1.2, "Device Initialization", "PCI-specific Initialization And Device Operation"]
#pragma once

#include "kit/result.hpp"
#include "virtio/queue.hpp"
#include "virtio/registers.hpp"

namespace virtio {

/// Addresses of the structures in the driver's mappings.
struct Places {
    u64 common, notify;
    u64 notify_multiplier; ///< bytes
    u64 notify_end;        ///< the first address after the doorbells
    u64 interrupt_status, config;
    bool messages; ///< it interrupts by MSI-X, else by a line
};

template <class Registers> class Device {
    static constexpr u32 patience = 1'000'000; // register reads until a device counts as dead

    Places places_{};
    Registers common_{};

    static Registers at(u64 address)
    {
        return Registers{reinterpret_cast<void volatile*>(address)}; // a mapping of ours
    }
    template <class R> typename R::Word get() const { return common_.template read<R>().raw; }
    template <class R> void set(typename R::Word value) const
    {
        common_.template write<R>(hw::Value<R>{value});
    }

public:
    Device() = default;
    explicit Device(Places const& places) : places_{places}, common_{at(places.common)} {}

    /// When it returns the device touches no memory. @error busy  it does not come out of its reset
    Result<void> reset() const
    {
        set<common::Status>(0);
        u32 reads = 0;
        while (get<common::Status>() != 0)
            if (++reads == patience) return Error::busy;
        return {};
    }

    /// Resets the device and agrees on features: all of `required`, those of `wanted` that it has,
    /// version 1 always, access_platform when offered. Returns what was agreed on.
    /// @error busy           it does not come out of its reset
    /// @error not_supported  it lacks something required, or refuses what it offered
    Result<u64> negotiate(u64 required, u64 wanted) const
    {
        TRY(reset());
        set<common::Status>(status::acknowledge | status::driver);
        required |= feature::version_1;
        u64 const agreed = offered() & (required | wanted | feature::access_platform);
        if ((agreed & required) != required) return Error::not_supported;
        accept(agreed);
        set<common::Status>(status::acknowledge | status::driver | status::features_ok);
        if (!(get<common::Status>() & status::features_ok)) return Error::not_supported;
        return agreed;
    }

    /// Gives queue `number` its memory (DMA address `physical`) and message 0. Returns its
    /// doorbell, where ring() writes.
    /// @error not_supported  there is no such queue, it is too short, or cannot have the message
    /// @error out_of_range   its doorbell lies outside the doorbells' structure
    template <u16 Size> Result<Registers> attach_queue(u16 number, u64 physical) const
    {
        set<common::QueueSelect>(number);
        if (get<common::QueueSize>() < Size) return Error::not_supported;
        set<common::QueueSize>(Size);
        if (places_.messages) {
            set<common::QueueVector>(0);
            if (get<common::QueueVector>() != 0) return Error::not_supported;
        }
        using Memory = QueueMemory<Size>;
        u64 const available = physical + offsetof(Memory, available);
        u64 const used = physical + offsetof(Memory, used);
        set<common::QueueDescriptorsLow>(static_cast<u32>(physical));
        set<common::QueueDescriptorsHigh>(static_cast<u32>(physical >> 32));
        set<common::QueueAvailableLow>(static_cast<u32>(available));
        set<common::QueueAvailableHigh>(static_cast<u32>(available >> 32));
        set<common::QueueUsedLow>(static_cast<u32>(used));
        set<common::QueueUsedHigh>(static_cast<u32>(used >> 32));
        u64 const multiplier = places_.notify_multiplier & 0xffff'ffff;
        u64 const bell = places_.notify + get<common::QueueNotifyOffset>() * multiplier;
        if (bell % 2 != 0 || bell < places_.notify || bell + 2 > places_.notify_end)
            return Error::out_of_range;
        set<common::QueueEnable>(1);
        return at(bell);
    }
    static void ring(Registers const& doorbell, u16 number)
    {
        doorbell.template write<Doorbell>(hw::Value<Doorbell>{number});
    }

    /// The device works from here on. Changes of its configuration interrupt by message 0, too.
    void start() const
    {
        if (places_.messages) set<common::ConfigVector>(0);
        set<common::Status>(status::acknowledge | status::driver | status::features_ok |
                            status::driver_ok);
    }
    /// Whether it has given up.
    bool broken() const { return get<common::Status>() & status::needs_reset; }
    /// What every interrupt begins with: one that came on a line is taken back.
    void clear_interrupt() const
    {
        if (!places_.messages) at(places_.interrupt_status).template read<InterruptStatus>();
    }

    u8 config_generation() const { return get<common::ConfigGeneration>(); }
    /// What `read(registers)` makes of the device's own configuration, of one generation.
    /// @error busy  it never stands still
    template <class Read> auto config(Read&& read) const -> Result<decltype(read(common_))>
    {
        for (u32 i = 0; i < patience; ++i) {
            u8 const before = config_generation();
            auto const value = read(at(places_.config));
            if (config_generation() == before) return value;
        }
        return Error::busy;
    }

private:
    u64 offered() const
    {
        set<common::DeviceFeatureSelect>(0);
        u64 const low = get<common::DeviceFeature>();
        set<common::DeviceFeatureSelect>(1);
        return low | u64{get<common::DeviceFeature>()} << 32;
    }
    void accept(u64 features) const
    {
        set<common::DriverFeatureSelect>(0);
        set<common::DriverFeature>(static_cast<u32>(features));
        set<common::DriverFeatureSelect>(1);
        set<common::DriverFeature>(static_cast<u32>(features >> 32));
    }
};

} // namespace virtio
