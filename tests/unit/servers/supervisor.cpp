// What the supervisor decides and keeps, without a kernel: restarts, hangs, crash records.
#include "servers/supervisor/backtrace.hpp"
#include "servers/supervisor/crash_store.hpp"
#include "servers/supervisor/heartbeat.hpp"
#include "servers/supervisor/log_tail.hpp"
#include "servers/supervisor/policy.hpp"
#include "servers/supervisor/recoveries.hpp"
#include "servers/supervisor/refusal_limit.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace supervisor;
using composition::Restart;

namespace {

constexpr u64 ms = 1000, s = 1000 * ms;

/// Whether a program with this policy comes back after an end of each kind.
std::array<bool, 4> comes_back(Restart kind)
{
    std::array<bool, 4> again{};
    for (u8 i = 0; i < 4; ++i) {
        RestartPolicy policy{kind, 30};
        again[i] = policy.ended(static_cast<Reason>(i + 1), 5 * s).again;
    }
    return again;
}

} // namespace

TEST_CASE("a manifest's policy decides after which ends a program comes back", "[supervisor]")
{
    // fault, hang, exit, killed
    CHECK(comes_back(Restart::always) == std::array{true, true, true, true});
    CHECK(comes_back(Restart::on_fault) == std::array{true, true, false, true});
    CHECK(comes_back(Restart::never) == std::array{false, false, false, false});
}

TEST_CASE("the first restart is at once, those after it wait twice as long each", "[supervisor]")
{
    RestartPolicy policy{Restart::always, 60};
    u64 now = 1 * s;
    std::vector<u64> waits;
    for (int i = 0; i < 11; ++i) {
        auto const verdict = policy.ended(Reason::fault, now);
        REQUIRE(verdict.again);
        waits.push_back(verdict.wait_us / ms);
        now += verdict.wait_us + 20 * ms;
        policy.ready(now); // it serves, but not for long
        now += 900 * ms;
    }
    CHECK(waits == std::vector<u64>{0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000});
}

TEST_CASE("a program that served for a second is restarted at once again", "[supervisor]")
{
    RestartPolicy policy{Restart::always, 60};
    CHECK(policy.ended(Reason::fault, 1 * s).wait_us == 0);
    policy.ready(2 * s);
    CHECK(policy.ended(Reason::fault, 2 * s + 999 * ms).wait_us == 100 * ms);
    policy.ready(4 * s);
    CHECK(policy.ended(Reason::hang, 5 * s).wait_us == 0);
    // A successor that never became ready has not lived, however long that took.
    CHECK(policy.ended(Reason::hang, 50 * s).wait_us == 100 * ms);
}

TEST_CASE("after too many restarts within a minute a program stays stopped", "[supervisor]")
{
    RestartPolicy policy{Restart::always, 3};
    CHECK(policy.ended(Reason::fault, 10 * s).again);
    CHECK(policy.ended(Reason::fault, 20 * s).again);
    CHECK(policy.ended(Reason::fault, 30 * s).again);
    SECTION("the minute slides")
    {
        CHECK_FALSE(policy.ended(Reason::fault, 70 * s - 1).again);
        CHECK(policy.ended(Reason::fault, 70 * s).again);
        CHECK_FALSE(policy.ended(Reason::fault, 71 * s).again);
        CHECK(policy.ended(Reason::fault, 80 * s).again);
    }
    SECTION("until somebody starts it")
    {
        CHECK_FALSE(policy.ended(Reason::fault, 40 * s).again);
        policy.forgive();
        auto const verdict = policy.ended(Reason::fault, 41 * s);
        CHECK(verdict.again);
        CHECK(verdict.wait_us == 0);
    }
}

TEST_CASE("a limit of 0 means no restart; a large one is cut, not overrun", "[supervisor]")
{
    RestartPolicy none{Restart::always, 0};
    CHECK_FALSE(none.ended(Reason::fault, 1 * s).again);
    RestartPolicy many{Restart::always, 0xffff'ffff};
    for (u32 i = 0; i < RestartPolicy::max_remembered; ++i)
        REQUIRE(many.ended(Reason::fault, 1 * s + i).again);
    CHECK_FALSE(many.ended(Reason::fault, 2 * s).again);
}

TEST_CASE("being killed is not held against a program", "[supervisor]")
{
    RestartPolicy policy{Restart::always, 2};
    for (u64 i = 0; i < 100; ++i) {
        auto const verdict = policy.ended(Reason::killed, 1 * s + i);
        REQUIRE(verdict.again);
        REQUIRE(verdict.wait_us == 0);
    }
    CHECK(policy.ended(Reason::fault, 2 * s).wait_us == 0);
}

TEST_CASE("a program that uses CPU time without answering hangs", "[supervisor]")
{
    using Verdict = Heartbeat::Verdict;
    Heartbeat beat{50 * ms};
    CHECK(beat.look(24 * ms, 0, true) == Verdict::fine);
    CHECK(beat.look(1 * ms, 0, true) == Verdict::ask);
    SECTION("it answers")
    {
        for (u32 answers = 1; answers < 100; ++answers) {
            REQUIRE(beat.look(10 * ms, answers, true) == Verdict::fine);
            REQUIRE(beat.look(20 * ms, answers, true) == Verdict::ask);
        }
    }
    SECTION("it does not answer, and runs")
    {
        CHECK(beat.look(30 * ms, 0, true) == Verdict::fine);
        CHECK(beat.look(20 * ms, 0, true) == Verdict::fine);
        CHECK(beat.look(1, 0, true) == Verdict::hung);
    }
    SECTION("it does not answer because it does not run")
    {
        for (int i = 0; i < 1000; ++i) REQUIRE(beat.look(0, 0, true) == Verdict::fine);
    }
}

TEST_CASE("a program that sleeps is not asked; one that starts has longer", "[supervisor]")
{
    using Verdict = Heartbeat::Verdict;
    Heartbeat beat{50 * ms};
    for (int i = 0; i < 20; ++i) REQUIRE(beat.look(50 * ms, 0, false) == Verdict::fine);
    CHECK(beat.look(1, 0, false) == Verdict::hung);

    Heartbeat unwatched{0};
    CHECK(unwatched.look(~u64{0}, 0, true) == Verdict::fine);
    CHECK(Heartbeat{}.look(~u64{0}, 0, false) == Verdict::fine);
}

TEST_CASE("crash records are found newest first, by program or by age", "[supervisor]")
{
    auto const store = std::make_unique<CrashStore>();
    CHECK(store->find(CrashStore::any, 0) == nullptr);
    for (u64 i = 0; i < 100; ++i) {
        Crash& record = store->add();
        REQUIRE(record.time_us == 0); // nothing of the one it replaces is left
        record.program = i % 3;
        record.time_us = 1000 + i;
    }
    CHECK(store->find(CrashStore::any, 0)->time_us == 1099);
    CHECK(store->find(CrashStore::any, 31)->time_us == 1068);
    CHECK(store->find(CrashStore::any, 32) == nullptr);
    CHECK(store->find(1, 0)->time_us == 1097);
    CHECK(store->find(1, 1)->time_us == 1094);
    CHECK(store->find(1, 9)->time_us == 1070);
    CHECK(store->find(1, 10) == nullptr);
    CHECK(store->find(3, 0) == nullptr);
    CHECK(store->find(0, ~u64{0}) == nullptr);
}

TEST_CASE("each crash record is told of once, when its time has come", "[supervisor]")
{
    auto const store = std::make_unique<CrashStore>();
    auto const any = [](Crash const&) { return true; };
    CHECK(store->take_untold(any) == nullptr);
    for (u64 i = 0; i < 3; ++i) store->add().program = i;
    CHECK(store->take_untold([](Crash const& it) { return it.program == 1; })->program == 1);
    CHECK(store->take_untold(any)->program == 0);
    CHECK(store->take_untold([](Crash const&) { return false; }) == nullptr);
    CHECK(store->take_untold(any)->program == 2);
    CHECK(store->take_untold(any) == nullptr);
    // More than it keeps: the oldest are gone, untold.
    for (u64 i = 0; i < CrashStore::capacity + 5; ++i) store->add().program = i;
    CHECK(store->take_untold(any)->program == 5);
    u64 rest = 0;
    while (store->take_untold(any)) ++rest;
    CHECK(rest == CrashStore::capacity - 1);
}

namespace {

/// A stack of which only some words exist.
struct Stack {
    std::map<u64, u64> word;
    std::array<u64, 4> walk(u64 from)
    {
        u64 frames[4] = {9, 9, 9, 9};
        backtrace(from, frames, [&](u64 address, u64(&pair)[2]) {
            if (!word.contains(address) || !word.contains(address + 8)) return false;
            pair[0] = word[address];
            pair[1] = word[address + 8];
            return true;
        });
        return {frames[0], frames[1], frames[2], frames[3]};
    }
};

} // namespace

TEST_CASE("a backtrace follows frame pointers upwards and believes nothing", "[supervisor]")
{
    Stack stack{{{0x100, 0x140}, {0x108, 1}, {0x140, 0x180}, {0x148, 2}, {0x180, 0}, {0x188, 3}}};
    CHECK(stack.walk(0x100) == std::array<u64, 4>{1, 2, 3, 0});
    CHECK(stack.walk(0) == std::array<u64, 4>{0, 0, 0, 0});
    CHECK(stack.walk(0x101) == std::array<u64, 4>{0, 0, 0, 0});
    CHECK(stack.walk(0xdead0000) == std::array<u64, 4>{0, 0, 0, 0});
    stack.word[0x180] = 0x100; // a ring
    CHECK(stack.walk(0x100) == std::array<u64, 4>{1, 2, 3, 0});
    stack.word[0x140] = 0x140;
    CHECK(stack.walk(0x100) == std::array<u64, 4>{1, 2, 0, 0});
    Stack deep;
    for (u64 at = 0x1000; at < 0x2000; at += 16) deep.word[at] = at + 16, deep.word[at + 8] = at;
    CHECK(deep.walk(0x1000) == std::array<u64, 4>{0x1000, 0x1010, 0x1020, 0x1030});
}

namespace {

void log_line(log_protocol::Shared& shared, std::string const& text)
{
    u32 const at = shared.records.pushed.load();
    auto& record = shared.records.record[at % 128];
    record.length = static_cast<u16>(text.size());
    std::memcpy(record.text, text.data(), text.size());
    shared.records.pushed = at + 1;
}

std::string tail(log_protocol::Shared const& shared, usize size)
{
    std::string text(size, '?');
    text.resize(log_tail(shared, text));
    return text;
}

} // namespace

TEST_CASE("the last log lines are read from the victim's ring", "[supervisor]")
{
    auto const shared = std::make_unique<log_protocol::Shared>();
    CHECK(tail(*shared, 400).empty());
    log_line(*shared, "one");
    log_line(*shared, "two");
    CHECK(tail(*shared, 400) == "one\ntwo\n");
    CHECK(tail(*shared, 8) == "one\ntwo\n");
    CHECK(tail(*shared, 7) == "two\n");
    CHECK(tail(*shared, 3).empty());
    for (int i = 0; i < 300; ++i) log_line(*shared, std::to_string(i));
    CHECK(tail(*shared, 12) == "297\n298\n299\n");
    CHECK(tail(*shared, 10000).size() == 128 * 4); // all that the ring holds
}

TEST_CASE("a program cannot speak to a terminal through its last lines", "[supervisor]")
{
    auto const shared = std::make_unique<log_protocol::Shared>();
    log_line(*shared, "a\x1b[2J\nhypercore> \xc2\x9b\x7f");
    CHECK(tail(*shared, 400) == "a [2J hypercore> \xc2  \n");
}

TEST_CASE("a ring full of nonsense gives text of bounded size", "[supervisor]")
{
    auto const shared = std::make_unique<log_protocol::Shared>();
    std::memset(static_cast<void*>(shared.get()), 0xff, sizeof *shared);
    CHECK(tail(*shared, 400).size() == 3 * (log_protocol::text_bytes + 1));
    CHECK(tail(*shared, 100).empty());
}

TEST_CASE("lines about refusals have a limit, and nothing is left out silently", "[supervisor]")
{
    RefusalLimit limit;
    for (u32 i = 0; i < RefusalLimit::lines_per_second; ++i) CHECK(limit.allows(5 * s, 1));
    CHECK(limit.withheld(5 * s) == 0);
    CHECK_FALSE(limit.allows(5 * s + 1, 3));
    CHECK_FALSE(limit.allows(6 * s - 1, 4));
    CHECK(limit.withheld(6 * s - 1) == 0); // its second is not over
    CHECK(limit.withheld(6 * s) == 7);
    CHECK(limit.withheld(7 * s) == 0);
    CHECK(limit.allows(7 * s, 1));
}

TEST_CASE("recoveries: count, last, extremes and sum", "[supervisor]")
{
    Recoveries it;
    CHECK((it.count == 0 && it.least == 0 && it.most == 0 && it.sum == 0));
    for (u64 const us : {30, 10, 20}) it.add(us);
    CHECK(it.count == 3);
    CHECK(it.last == 20);
    CHECK(it.least == 10);
    CHECK(it.most == 30);
    CHECK(it.sum == 60);
}
