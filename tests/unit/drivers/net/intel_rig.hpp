// An Intel controller's card on a model of the device, for the tests beside this.
#pragma once

#include "drivers/net/e1000e/models.hpp"
#include "drivers/net/intel/card.hpp"
#include "tests/fakes/intel_nic.hpp"

#include <catch2/catch.hpp>
#include <memory>

namespace intel_rig {

using fake::IntelNic;
using Kind = IntelNic::Kind;
using Card = intel::Card<fake::NicRegisters>;
using Family = intel::Family<fake::NicRegisters>;

static_assert(nic::Device<Card>);

constexpr u64 physical = 0x12'3456'0000;

inline Family const& family_of(Kind kind)
{
    if (kind == Kind::pci) return intel::family_82540<fake::NicRegisters>;
    if (kind == Kind::express) return intel::family_82574<fake::NicRegisters>;
    return intel::family_i219<fake::NicRegisters>;
}

struct Rig {
    IntelNic model;
    std::unique_ptr<intel::RingMemory> memory = std::make_unique<intel::RingMemory>();
    std::unique_ptr<Card> card = std::make_unique<Card>();
    std::unique_ptr<nic::Wanted> wanted = std::make_unique<nic::Wanted>();
    u32 next_id = 0;

    explicit Rig(Kind kind = Kind::express) : model{kind}
    {
        model.lend(memory.get(), physical, sizeof *memory);
    }
    Result<void> start()
    {
        return card->start(
            fake::NicRegisters{model}, family_of(model.kind),
            {reinterpret_cast<u8*>(memory.get()), physical, sizeof(intel::RingMemory)});
    }
    /// A driver died; its successor finds zeroed memory and the device in whatever state.
    Result<void> restart()
    {
        *memory = {};
        card = std::make_unique<Card>();
        return start();
    }
    void up()
    {
        wanted->up = 1;
        ++wanted->sequence;
        card->update_filter(*wanted);
    }
    nic::Frame frame(std::vector<u32> const& pieces, u16 flags = 0)
    {
        nic::Frame it{};
        it.id = ++next_id;
        for (u32 const bytes : pieces) {
            it.piece[it.count] = {0x4000'0000 + u64{it.id} * 0x10'0000 + it.count * 0x1'0000,
                                  bytes};
            it.bytes += bytes;
            ++it.count;
        }
        it.head.flags = flags;
        return it;
    }
    std::vector<u32> reap()
    {
        std::vector<u32> ids;
        for (u32 id = 0;;) {
            auto const taken = card->take_sent(id);
            REQUIRE(taken);
            if (!*taken) return ids;
            ids.push_back(id);
        }
    }
};

} // namespace intel_rig
