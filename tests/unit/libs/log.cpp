// A program's end of the log: records in a ring, levels, lines lost.
#include "log/logger.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

using log_protocol::Record;
using log_protocol::Shared;
using logging::Level;
using logging::Logger;

namespace {

struct World {
    std::unique_ptr<Shared> shared = std::make_unique<Shared>(); // zero, as fresh memory is
    Logger logger{shared.get(), sys::Notification{5}, "disk0"};
    queue::Receiver<decltype(Shared::records)> server{&shared->records};

    World() { sys::fake_kernel = {}; }
    std::string next()
    {
        Record record;
        if (!server.pop(record)) return "";
        last = record;
        return {record.text, record.length};
    }
    Record last{};
};

} // namespace

TEST_CASE("a line arrives with its level and its writer's name", "[log]")
{
    World world;
    world.logger.warning("{} of {} sectors", 3, 8);
    CHECK(world.next() == "3 of 8 sectors");
    CHECK(world.last.level == static_cast<u8>(Level::warning));
    CHECK(world.last.continued == 0);
    CHECK(world.last.tsc > 0);
    CHECK(std::string{world.shared->name} == "disk0");
    CHECK(world.next().empty());
}

TEST_CASE("the server is signalled once for each sleep", "[log]")
{
    World world;
    world.logger.info("one");
    world.logger.info("two");
    CHECK(sys::fake_kernel.calls.size() == 1);
    CHECK(sys::fake_kernel.calls[0].in.cap_or_badge == 5);
    while (!world.next().empty()) {
    }
    REQUIRE(world.server.sleep_if_empty());
    world.logger.info("three");
    CHECK(sys::fake_kernel.calls.size() == 2);
}

TEST_CASE("lines that nobody wants are not written", "[log]")
{
    World world;
    world.logger.debug("too much"); // before the server said anything: up to info
    CHECK(world.next().empty());
    world.shared->level = 1 + static_cast<u32>(Level::debug);
    world.logger.debug("wanted");
    CHECK(world.next() == "wanted");
    world.shared->level = 1 + static_cast<u32>(Level::error);
    world.logger.warning("no");
    CHECK(world.next().empty());
}

TEST_CASE("a long line goes on in a second record and is cut behind it", "[log]")
{
    World world;
    std::string const line(3 * log_protocol::text_bytes, 'x');
    world.logger.write(Level::info, line);
    CHECK(world.next() == line.substr(0, log_protocol::text_bytes));
    CHECK(world.last.continued == 0);
    CHECK(world.next() == line.substr(0, log_protocol::text_bytes));
    CHECK(world.last.continued == 1);
    CHECK(world.next().empty());
}

TEST_CASE("a full ring loses lines and counts them", "[log]")
{
    World world;
    for (int i = 0; i < 130; ++i) world.logger.info("line {}", i);
    CHECK(world.next() == "line 0");
    world.logger.info("after");
    for (int i = 1; i < 128; ++i) CHECK(world.next() == "line " + std::to_string(i));
    CHECK(world.last.lost == 0);
    CHECK(world.next() == "after");
    CHECK(world.last.lost == 2);
}

TEST_CASE("without a log server nothing happens", "[log]")
{
    Logger logger;
    logger.error("unheard");
    logger.write(Level::error, "unheard");
    CHECK_FALSE(logger.wants(Level::error));
}
