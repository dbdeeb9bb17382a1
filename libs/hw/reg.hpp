// Typed hardware registers. A register is a type with a `Word` (its width) and an `offset`; fields
// are types that name their register, so a field of another register does not compile. Values are
// copies; only Mmio (here) and Ports (ports.hpp) touch a device, one access per call.
#pragma once

#include "kit/types.hpp"
#include <concepts>
#include <type_traits>

namespace hw {

/// Bits high..low (both inclusive, as data sheets write them) of register R, read as T (void: as
/// the register's word; else an unsigned type, bool or an enumeration).
template <class R, unsigned High, unsigned Low, class T = void> struct Field {
    static_assert(High >= Low);
    using Register = R;
    using Declared = T;
    static constexpr unsigned high = High, low = Low;
};
template <class R, unsigned Position> using Bit = Field<R, Position, Position, bool>;

template <class F, class R>
concept FieldOf = std::same_as<typename F::Register, R>;

/// A copy of register R's contents. Changing it touches no hardware.
template <class R> struct Value {
    using Word = typename R::Word;
    Word raw = 0;

    template <FieldOf<R> F> constexpr auto get() const
    {
        using T =
            std::conditional_t<std::is_void_v<typename F::Declared>, Word, typename F::Declared>;
        return static_cast<T>((raw & mask<F>()) >> F::low);
    }
    /// The same with another field; bits of v that the field has no room for are dropped.
    template <FieldOf<R> F, class T> [[nodiscard]] constexpr Value with(T v) const
    {
        auto const bits = static_cast<Word>(static_cast<Word>(v) << F::low);
        return {static_cast<Word>((raw & ~mask<F>()) | (bits & mask<F>()))};
    }
    friend constexpr bool operator==(Value, Value) = default;

private:
    template <class F> static consteval Word mask()
    {
        constexpr unsigned width = sizeof(Word) * 8, bits = F::high - F::low + 1;
        static_assert(F::high < width, "the field is outside its register");
        return static_cast<Word>(static_cast<Word>(~Word{0}) >> (width - bits) << F::low);
    }
};

/// Registers in mapped memory: R at R::offset. Every access is one volatile load or store of the
/// register's width. The base must be aligned for it; whoever makes an Mmio vouches that all
/// registers used through it are inside the mapping (driver::Region checks).
class Mmio {
    u8 volatile* base_ = nullptr;

public:
    Mmio() = default;
    explicit Mmio(void volatile* base) : base_{static_cast<u8 volatile*>(base)} {}

    template <class R> Value<R> read() const { return {*at<R>()}; }
    template <class R> void write(Value<R> value) const { *at<R>() = value.raw; }
    /// One of R::count equal registers in a row. index < R::count
    template <class R> Value<R> read(u32 index) const { return {at<R>()[index]}; }
    template <class R> void write(u32 index, Value<R> value) const { at<R>()[index] = value.raw; }
    /// Reads, changes and writes back: `change` makes a new Value of the old.
    template <class R, class Change> void update(Change&& change) const
    {
        write<R>(change(read<R>()));
    }

private:
    template <class R> typename R::Word volatile* at() const
    {
        static_assert(R::offset % sizeof(typename R::Word) == 0);
        return reinterpret_cast<typename R::Word volatile*>(base_ + R::offset);
    }
};

} // namespace hw
