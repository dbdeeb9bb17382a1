// Device untypeds: physical memory that is no RAM to the kernel. To give one block of it away, or
// to look at it, the untyped around it is split in halves until a piece is no larger than the
// block. A piece is used whole: it becomes frames, and is itself again when it was revoked.
#pragma once

#include "kit/bits.hpp"
#include "sys/untyped.hpp"
#include <array>

namespace untyped {

enum class PieceState : u8 {
    whole, ///< nothing was made of it
    split, ///< its halves are pieces of their own
    used,  ///< frames were made of it and given away
    kept,  ///< frames were made of it for the owner of the table
};

struct Piece {
    u64 address; ///< physical
    u64 slot;    ///< of the untyped
    u8 bits;     ///< log2 of its bytes
    PieceState state;
    u32 user; ///< for the owner of the table: who has a piece that is not whole
    bool holds(u64 where) const { return where >= address && where - address < bit(bits); }
};

/// @tparam Capacity  pieces at most, those that were split included
template <usize Capacity> class DevicePieces {
    sys::CNode cnode_; // where the slots are
    std::array<Piece, Capacity> pieces_{};
    usize count_ = 0;

    template <class Slots> bool split(Piece& piece, Slots& slots)
    {
        if (count_ + 2 > Capacity) return false;
        auto const two = slots.take_slots(2);
        if (!two) return false;
        auto const half = static_cast<u8>(piece.bits - 1);
        if (!sys::Untyped{piece.slot}.retype(abi::ObjectType::untyped, half, cnode_.slot(*two), 2))
            return false;
        piece.state = PieceState::split;
        add(piece.address, *two, half);
        add(piece.address + bit(half), *two + 1, half);
        return true;
    }

public:
    explicit DevicePieces(sys::CNode cnode) : cnode_{cnode} {}

    /// One of the untypeds there are. False when the table is full.
    bool add(u64 address, u64 slot, u8 bits)
    {
        if (count_ == Capacity) return false;
        pieces_[count_++] = {address, slot, bits, PieceState::whole, 0};
        return true;
    }

    /// The smallest piece around an address: halves are added behind the piece they come from.
    Piece* find(u64 address)
    {
        for (usize i = count_; i-- > 0;)
            if (pieces_[i].holds(address)) return &pieces_[i];
        return nullptr;
    }

    /// The piece at `address`, of 2^bits bytes or fewer, unless it is in use already, as a larger
    /// one. Null when that is no device memory, or tables are
    /// full.
    /// @param slots  `take_slots(count)` gives a Result with the first of empty slots
    template <class Slots> Piece* at(u64 address, u8 bits, Slots& slots)
    {
        Piece* piece = find(address);
        while (piece && piece->state == PieceState::whole && piece->bits > bits) {
            if (!split(*piece, slots)) return nullptr;
            piece = find(address);
        }
        return piece && piece->state != PieceState::split ? piece : nullptr;
    }
};

} // namespace untyped
