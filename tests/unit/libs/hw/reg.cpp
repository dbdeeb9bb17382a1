// Typed registers: fields stay inside their bits, and belong to one register.
#include "hw/reg.hpp"

#include "hw/ports.hpp"
#include <catch2/catch.hpp>

namespace {

enum class Speed : u8 { slow = 0, fast = 2 };

struct Control {
    using Word = u32;
    static constexpr usize offset = 4;
    using Enable = hw::Bit<Control, 0>;
    using Mode = hw::Field<Control, 2, 1, Speed>;
    using Count = hw::Field<Control, 15, 8>;
    using Top = hw::Field<Control, 31, 24, u8>;
    using Whole = hw::Field<Control, 31, 0>;
};
struct Status {
    using Word = u8;
    static constexpr usize offset = 1;
    using Busy = hw::Bit<Status, 7>;
};

// The point of it all: what is of another register does not compile.
template <class R, class F>
concept has_field = requires(hw::Value<R> value)
{
    value.template get<F>();
};
template <class R, class F>
concept takes_field = requires(hw::Value<R> value)
{
    value.template with<F>(true);
};
static_assert(has_field<Control, Control::Enable> && has_field<Status, Status::Busy>);
static_assert(!has_field<Control, Status::Busy> && !has_field<Status, Control::Enable>);
static_assert(takes_field<Status, Status::Busy> && !takes_field<Status, Control::Enable>);
static_assert(std::same_as<decltype(hw::Value<Control>{}.get<Control::Enable>()), bool>);
static_assert(std::same_as<decltype(hw::Value<Control>{}.get<Control::Mode>()), Speed>);
static_assert(std::same_as<decltype(hw::Value<Control>{}.get<Control::Count>()), u32>);

} // namespace

TEST_CASE("a field is its bits and changes no others", "[hw]")
{
    hw::Value<Control> const ones{0xffff'ffff};
    CHECK(ones.get<Control::Enable>());
    CHECK(ones.get<Control::Count>() == 0xff);
    CHECK(ones.with<Control::Enable>(false).raw == 0xffff'fffe);
    CHECK(ones.with<Control::Mode>(Speed::slow).raw == 0xffff'fff9);
    CHECK(ones.with<Control::Count>(0x5au).raw == 0xffff'5aff);
    CHECK(ones.with<Control::Top>(0).raw == 0x00ff'ffff);
    CHECK(ones.with<Control::Whole>(7u).raw == 7);
    CHECK(hw::Value<Control>{4}.get<Control::Mode>() == Speed::fast);
}

TEST_CASE("a value too large for its field does not reach its neighbours", "[hw]")
{
    CHECK(hw::Value<Control>{}.with<Control::Count>(0xffff'ffffu).raw == 0xff00);
    CHECK(hw::Value<Status>{}.with<Status::Busy>(true).raw == 0x80);
}

TEST_CASE("Mmio reads and writes the register at its offset, alone", "[hw]")
{
    alignas(8) u8 memory[16] = {0, 0x80, 0, 0, 1, 2, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9};
    hw::Mmio const device{memory};
    CHECK(device.read<Status>().get<Status::Busy>());
    CHECK(device.read<Control>().raw == 0x0403'0201);
    device.update<Control>([](auto value) { return value.template with<Control::Count>(0xffu); });
    device.write(hw::Value<Status>{});
    u8 const expected[16] = {0, 0, 0, 0, 1, 0xff, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9};
    CHECK(std::equal(memory, memory + 16, expected));
}

TEST_CASE("port registers go through their access, at their offset", "[hw]")
{
    struct Access {
        u8* memory;
        u8 in8(u16 offset) const { return memory[offset]; }
        void out8(u16 offset, u8 value) const { memory[offset] = value; }
    };
    u8 memory[4] = {1, 0x80, 3, 4};
    hw::Ports ports{Access{memory}};
    CHECK(ports.read<Status>().get<Status::Busy>());
    ports.write(hw::Value<Status>{5});
    CHECK(memory[1] == 5);
}
