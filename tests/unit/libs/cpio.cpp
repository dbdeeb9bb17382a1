// Rules of libs/cpio: entries come out in order and lie inside the archive; every defect is
// named; truncation is always noticed.
#include "cpio/cpio.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

using cpio::Fault;

namespace {

std::string member(std::string const& name, std::string const& data, u32 mode = 0100644)
{
    char header[111];
    std::snprintf(header, sizeof header,
                  "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1u, mode, 0u, 0u,
                  1u, 0u, static_cast<unsigned>(data.size()), 0u, 0u, 0u, 0u,
                  static_cast<unsigned>(name.size() + 1), 0u);
    std::string out = std::string{header} + name + '\0';
    out.resize((out.size() + 3) / 4 * 4);
    out += data;
    out.resize((out.size() + 3) / 4 * 4);
    return out;
}

std::string const trailer = member("TRAILER!!!", "");

std::span<u8 const> view(std::string const& s)
{
    return {reinterpret_cast<u8 const*>(s.data()), s.size()};
}

/// The first fault of an archive, or ok.
Fault fault_of(std::string const& archive)
{
    cpio::Reader reader{view(archive)};
    for (;;) {
        auto entry = reader.next();
        if (!entry) return entry.error();
        if (!*entry) return Fault::ok;
    }
}

} // namespace

TEST_CASE("entries come out in order, with name, data and mode", "[cpio]")
{
    auto const archive = member("a", "") + member("dir/b", "hello", 0100755) + trailer + "padding";
    cpio::Reader reader{view(archive)};
    auto a = reader.next();
    REQUIRE(a);
    CHECK((**a).name == "a");
    CHECK((**a).data.empty());
    auto b = reader.next();
    REQUIRE(b);
    CHECK((**b).name == "dir/b");
    CHECK((**b).mode == 0100755);
    CHECK(std::string((**b).data.begin(), (**b).data.end()) == "hello");
    auto end = reader.next();
    REQUIRE(end);
    CHECK_FALSE(*end);
}

TEST_CASE("find gives the first entry of a name, or nothing", "[cpio]")
{
    auto const archive = member("x", "1") + member("x", "2") + trailer;
    auto x = cpio::find(view(archive), "x");
    REQUIRE(x);
    CHECK((**x).data[0] == '1');
    auto y = cpio::find(view(archive), "y");
    REQUIRE(y);
    CHECK_FALSE(*y);
}

TEST_CASE("every defect of an archive is named", "[cpio]")
{
    auto const good = member("name", "data");
    auto spoil = [&](usize at, std::string const& with) {
        return std::string{good}.replace(at, with.size(), with) + trailer;
    };
    CHECK(fault_of(good + trailer) == Fault::ok);
    CHECK(fault_of("") == Fault::truncated_header);
    CHECK(fault_of(good) == Fault::truncated_header);
    CHECK(fault_of(spoil(5, "7")) == Fault::bad_magic);
    CHECK(fault_of(spoil(54, "0000000g")) == Fault::bad_number);
    CHECK(fault_of(spoil(14, " ")) == Fault::bad_number);
    CHECK(fault_of(spoil(94, "00000000")) == Fault::bad_name);
    CHECK(fault_of(spoil(94, "00000001")) == Fault::bad_name);
    CHECK(fault_of(spoil(94, "00000004")) == Fault::bad_name); // no closing zero
    CHECK(fault_of(spoil(111, std::string(1, '\0'))) == Fault::bad_name);
    CHECK(fault_of(spoil(94, "ffffffff")) == Fault::truncated_name);
    CHECK(fault_of(spoil(54, "ffffffff")) == Fault::truncated_data);
    CHECK(fault_of(spoil(54, "FFFFFFFF")) == Fault::truncated_data);
}

TEST_CASE("no prefix of an archive reads to its end", "[cpio]")
{
    auto const whole = member("a", "some data") + member("b", std::string(100, 'b')) + trailer;
    auto const least = whole.size() - 1; // the trailer's last padding byte may be missing
    for (usize size = 0; size < least; ++size)
        CHECK((fault_of(whole.substr(0, size)) != Fault::ok || size + 4 > whole.size()));
}
