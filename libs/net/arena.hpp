// Buffers in the memory that a client shares with the network server. What is used is kept in a
// bitmap of our own, one bit for 256 bytes: the server can write the buffers, never this.
#pragma once

#include "kit/result.hpp"
#include <bit>
#include <span>

namespace net {

/// A place in the arena, as requests name it.
struct Piece {
    u32 offset = 0, bytes = 0;
};

class Arena {
    u8* base_ = nullptr;
    std::span<u64> used_;
    u32 units_ = 0, taken_ = 0;

public:
    static constexpr u32 unit = 256;
    /// Words of the bitmap for an arena of so many bytes.
    static constexpr u32 words(u64 bytes) { return static_cast<u32>((bytes / unit + 63) / 64); }

    Arena() = default;
    /// Memory beyond what the bitmap can tell apart is left alone.
    Arena(u8* base, u64 bytes, std::span<u64> bitmap) : base_{base}, used_{bitmap}
    {
        u64 const most = bitmap.size() * 64;
        units_ = static_cast<u32>(bytes / unit < most ? bytes / unit : most);
        for (u64& word : used_) word = 0;
        for (u64 i = units_; i < most; ++i) set(static_cast<u32>(i), true);
    }

    u8* data(u32 offset) const { return base_ + offset; }
    u32 bytes() const { return units_ * unit; }
    u32 bytes_free() const { return (units_ - taken_) * unit; }

    /// The first place with room. Cost: linear in the size of the arena over 16 KiB.
    /// @error no_memory     there is no such piece
    /// @error bad_argument  no bytes at all
    Result<Piece> take(u32 bytes)
    {
        if (bytes == 0) return Error::bad_argument;
        if (bytes > this->bytes()) return Error::no_memory;
        u32 const wanted = (bytes + unit - 1) / unit;
        for (u32 at = 0; at + wanted <= units_;) {
            u32 const clash = last_used(at, wanted);
            if (clash == none) {
                for (u32 i = 0; i < wanted; ++i) set(at + i, true);
                taken_ += wanted;
                return Piece{at * unit, bytes};
            }
            at = clash + 1;
        }
        return Error::no_memory;
    }
    /// Gives back what take() gave.
    void give(Piece const& piece)
    {
        u32 const count = (piece.bytes + unit - 1) / unit;
        for (u32 i = 0; i < count; ++i) set(piece.offset / unit + i, false);
        taken_ -= count;
    }

private:
    static constexpr u32 none = ~u32{0};

    void set(u32 index, bool used)
    {
        u64 const bit = u64{1} << index % 64;
        u64& word = used_[index / 64];
        word = used ? word | bit : word & ~bit;
    }
    /// The last used unit among `count` from `first`; none: all are free.
    u32 last_used(u32 first, u32 count) const
    {
        for (u32 end = first + count; end > first;) {
            u32 const word = (end - 1) / 64, low = word * 64 > first ? word * 64 : first;
            u64 bits = used_[word] << (63 - (end - 1) % 64);
            bits = bits >> (63 - (end - 1) % 64) >> low % 64;
            if (bits) return low + static_cast<u32>(std::bit_width(bits)) - 1;
            end = low;
        }
        return none;
    }
};

/// A piece of an arena that gives itself back. It must live until the request that names it ended.
class Buffer {
    Arena* arena_ = nullptr;
    Piece piece_{};

public:
    Buffer() = default;
    Buffer(Arena& arena, Piece const& piece) : arena_{&arena}, piece_{piece} {}
    static Result<Buffer> take(Arena& arena, u32 bytes)
    {
        Piece const piece = TRY(arena.take(bytes));
        return Buffer{arena, piece};
    }
    Buffer(Buffer&& other) noexcept
        : arena_{std::exchange(other.arena_, nullptr)}, piece_{std::exchange(other.piece_, {})}
    {
    }
    Buffer& operator=(Buffer&& other) noexcept
    {
        std::swap(arena_, other.arena_);
        std::swap(piece_, other.piece_);
        return *this;
    }
    ~Buffer()
    {
        if (arena_ != nullptr) arena_->give(piece_);
    }
    explicit operator bool() const { return arena_ != nullptr; }

    u8* data() const { return arena_->data(piece_.offset); }
    u32 size() const { return piece_.bytes; }
    Piece piece() const { return piece_; }
    /// A part of it, which must lie inside.
    Piece piece(u32 from, u32 bytes) const { return {piece_.offset + from, bytes}; }
};

} // namespace net
