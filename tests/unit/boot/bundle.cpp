// Rules of the bundle: known entries only, each at most once; kernel and root server are needed.
#include "boot/common/bundle.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

std::string archive(Members members)
{
    members.emplace_back("TRAILER!!!", "");
    std::string out;
    for (auto const& [name, data] : members) {
        char header[111];
        std::snprintf(header, sizeof header, "070701%040x%08x%08x%032x%08x%08x", 0u, 0u,
                      static_cast<unsigned>(data.size()), 0u,
                      static_cast<unsigned>(name.size() + 1), 0u);
        out += header + name + '\0';
        out.resize((out.size() + 3) / 4 * 4);
        out += data;
        out.resize((out.size() + 3) / 4 * 4);
    }
    return out;
}

std::span<u8 const> view(std::string const& s)
{
    return {reinterpret_cast<u8 const*>(s.data()), s.size()};
}

/// "which: what" of the failure, or "ok".
std::string outcome(std::string const& file)
{
    auto const bundle = boot::parse_bundle(view(file));
    if (bundle) return "ok";
    return std::string{bundle.error().which} + ": " + bundle.error().what;
}

Members const good{
    {"kernel.elf", "K"}, {"root-server", "R"}, {"boot-archive", "A"}, {"cmdline", "a b"}};

Members without(std::string const& name)
{
    Members out;
    for (auto const& m : good)
        if (m.first != name) out.push_back(m);
    return out;
}

} // namespace

TEST_CASE("a whole bundle is taken apart", "[bundle]")
{
    auto const file = archive(good);
    auto bundle = boot::parse_bundle(view(file));
    REQUIRE(bundle);
    CHECK(bundle->kernel[0] == 'K');
    CHECK(bundle->root_server[0] == 'R');
    CHECK(bundle->boot_archive[0] == 'A');
    CHECK(bundle->command_line == "a b");
}

TEST_CASE("boot archive and command line may be missing", "[bundle]")
{
    CHECK(outcome(archive(without("boot-archive"))) == "ok");
    CHECK(outcome(archive(without("cmdline"))) == "ok");
}

TEST_CASE("a bad bundle is refused by name", "[bundle]")
{
    CHECK(outcome("") == "bundle: missing (no module was loaded with the loader)");
    CHECK(outcome(archive(without("kernel.elf"))) ==
          "kernel.elf: missing module: not in the bundle");
    CHECK(outcome(archive(without("root-server"))) ==
          "root-server: missing module: not in the bundle");
    CHECK(outcome(archive({{"kernel.elf", "K"}, {"root-server", ""}})) == "root-server: is empty");
    Members twice = good;
    twice.push_back(good[0]);
    CHECK(outcome(archive(twice)) == "bundle: has the same entry twice");
    Members unknown = good;
    unknown.emplace_back("other", "x");
    CHECK(outcome(archive(unknown)) == "bundle: has an entry of unknown name");
    CHECK(outcome("not a cpio archive" + std::string(200, 'x')) ==
          "bundle: bad cpio archive: not in newc format");
    auto const whole = archive(good);
    CHECK(outcome(whole.substr(0, whole.size() / 2)).find("bundle: bad cpio archive: truncated") ==
          0);
}
