// Names of functions from a NAME.symbols file: sound, cut short, and lying.
#include "symbols/symbols.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

namespace {

using symbols::Function;
using symbols::Table;

std::vector<u8> file(std::vector<Function> const& functions, std::string const& names)
{
    symbols::Header const header{symbols::magic, static_cast<u32>(functions.size()),
                                 static_cast<u32>(names.size())};
    std::vector<u8> out(sizeof header + functions.size() * sizeof(Function) + names.size());
    std::memcpy(out.data(), &header, sizeof header);
    if (!functions.empty())
        std::memcpy(out.data() + sizeof header, functions.data(),
                    functions.size() * sizeof(Function));
    std::memcpy(out.data() + out.size() - names.size(), names.data(), names.size());
    return out;
}

std::string const names{"main\0serve\0", 11};
std::vector<u8> const sound =
    file({{0x401000, 0x401010, 0}, {0x401010, 0x401080, 5}, {0x402000, 0x402001, 0}}, names);

/// "name+offset", or nothing.
std::string at(std::vector<u8> const& bytes, u64 address)
{
    auto const table = Table::open(bytes);
    REQUIRE(table);
    auto const place = (*table).find(address);
    return place ? std::string{place->name} + "+" + std::to_string(place->offset) : "";
}

} // namespace

TEST_CASE("an address is found in its function", "[symbols]")
{
    CHECK(at(sound, 0x401000) == "main+0");
    CHECK(at(sound, 0x40100f) == "main+15");
    CHECK(at(sound, 0x401010) == "serve+0");
    CHECK(at(sound, 0x40107f) == "serve+111");
    CHECK(at(sound, 0x402000) == "main+0");
}

TEST_CASE("an address in none is not", "[symbols]")
{
    for (u64 const address :
         {u64{0}, u64{0x400fff}, u64{0x401080}, u64{0x402001}, u64{0x1'0040'1000}, ~u64{0}})
        CHECK(at(sound, address).empty());
    CHECK(at(file({}, ""), 0x401000).empty());
}

TEST_CASE("a file that is cut or of another kind is refused", "[symbols]")
{
    for (usize size = 0; size < sound.size(); ++size)
        CHECK(Table::open(std::span{sound}.first(size)).error() == Error::truncated);
    auto other = sound;
    other[0] ^= 1;
    CHECK(Table::open(other).error() == Error::corrupt);
    auto many = sound;
    std::memset(many.data() + 8, 0xff, 4); // the count
    CHECK(Table::open(many).error() == Error::truncated);
}

TEST_CASE("names that are not what they should be are not handed out", "[symbols]")
{
    CHECK(at(file({{1, 9, 11}}, names), 1).empty());           // behind the names
    CHECK(at(file({{1, 9, ~0u}}, names), 1).empty());          // far behind
    CHECK(at(file({{1, 9, 4}}, names), 1).empty());            // nothing
    CHECK(at(file({{1, 9, 0}}, "main"), 1).empty());           // without an end
    CHECK(at(file({{1, 9, 0}}, {"a\33[2J\0", 6}), 1).empty()); // what a terminal would obey
    std::string const longest(symbols::max_name, 'x');
    CHECK(at(file({{1, 9, 0}}, longest + '\0'), 1) == longest + "+0");
    CHECK(at(file({{1, 9, 0}}, longest + "x" + '\0'), 1).empty());
    CHECK(at(file({{9, 1, 0}}, names), 9).empty()); // ends before it begins
}
