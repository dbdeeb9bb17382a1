// Plays net's part for a card on QEMU's user networking, without a network stack: asks for an
// address by ARP and by DHCP, then floods with echo requests while it kills the driver, and counts:
// every frame is reported sent in the end, and answers go on coming. Then floods of each size tell
// what a frame costs the driver (under -icount, where a microsecond of CPU time is 1,000
// instructions). Where the card cuts TCP segments (not on user networking), they are sent as well.
#include "card.hpp"
#include "frames.hpp"
#include "nic/address.hpp"
#include "protocol/monitor.hpp"
#include "tests/system/programs/test_program.hpp"

namespace {

using nic_test::Card;
using nic_test::Outgoing;

constexpr u32 kills = 5, flood_frames = 20'000, measured_frames = 4'000, window = 200;

class Test : test_program::Base {
    program::Use use_ = self_.use("nic"), monitor_ = self_.use("monitor");
    Card card_{use_};
    u8 own_[6] = {}, their_[6] = {};
    bool found_ = false, offered_ = false;
    u64 echoes_ = 0;

public:
    explicit Test(program::Program const& self) : Base{self} {}

    int run()
    {
        card_.bring_up();
        until([this] { return card_.epoch() != 0 && card_.shared().link_up.load() != 0; });
        std::memcpy(own_, card_.shared().address, 6);
        log_.info("card {} {}, link {}, features {}", card_.shared().model, text_of(own_),
                  card_.shared().link_up.load() ? "up" : "down",
                  text::hex(card_.shared().features.load()));
        ask({nic_test::arp_request(card_.outgoing(), own_)}, found_);
        log_.info("arp: 10.0.2.2 is at {}", text_of(their_));
        if (std::memcmp(their_, nic_test::user_networking, 6) == 0) {
            ask({nic_test::dhcp_discover(card_.outgoing(), own_)}, offered_);
            log_.info("dhcp: 10.0.2.15 is offered");
        }
        flood_and_kill();
        measure("64", {nic_test::echo_request(card_.outgoing(), own_, their_, 64)});
        measure("1514", {nic_test::echo_request(card_.outgoing(), own_, their_, 1514)});
        if (card_.has(nic::feature::segment4)) measure_large();
        if (card_.wrong() > 0) fail("records that cannot be");
        log_.info("passed: {} drivers, {} frames received", card_.epoch(), card_.frames());
        return 0;
    }

private:
    static char const* text_of(u8 const (&address)[6])
    {
        static nic::AddressText text{address};
        text = nic::AddressText{address};
        return text.text;
    }

    bool turn()
    {
        return card_.turn([this](u8 const* frame, u32 bytes) { take(frame, bytes); });
    }
    template <class Condition> void until(Condition&& done)
    {
        for (;;) {
            bool const any = turn();
            if (done()) return;
            if (!any && card_.sleep()) self_.wake().wait();
        }
    }
    /// Sends a frame until `answered`; again only for another driver.
    void ask(Outgoing const& frame, bool& answered)
    {
        while (!answered) {
            u32 const epoch = card_.epoch();
            if (!card_.send(frame)) fail("no room for a frame");
            until([&] { return answered || card_.epoch() != epoch; });
        }
        drain();
    }
    /// Until nothing is under way. The driver is asked, as net's timer does.
    void drain()
    {
        while (turn() || card_.under_way() > 0) card_.hurry();
    }

    void take(u8 const* frame, u32 bytes)
    {
        if (bytes < 42) return;
        u32 const type = u32{frame[12]} << 8 | frame[13];
        if (type == 0x0806 && frame[21] == 2 && frame[31] == 2) {
            std::memcpy(their_, frame + 22, 6);
            found_ = true;
        }
        if (type != 0x0800) return;
        if (frame[23] == 1 && frame[34] == 0) ++echoes_;
        if (frame[23] == 17 && frame[37] == 68 && bytes > 62 && frame[42] == 2)
            offered_ = offered_ || (frame[58] == 10 && frame[60] == 2 && frame[61] == 15);
    }

    /// Sends `count` frames, `each(done)` after each turn; all are reported in the end.
    template <class Each> void flood(Outgoing const& frame, u64 count, Each&& each)
    {
        u64 const start = card_.reported();
        for (;;) {
            u64 const done = card_.reported() - start;
            if (done >= count) return;
            while (card_.under_way() < window && done + card_.under_way() < count)
                if (!card_.send(frame)) break;
            bool const any = turn();
            each(card_.reported() - start);
            if (any) continue;
            if (done + card_.under_way() >= count)
                card_.hurry();
            else if (card_.sleep())
                self_.wake().wait();
        }
    }
    void flood_and_kill()
    {
        u64 const before = card_.frames();
        u32 killed = 0;
        log_.info("flood");
        auto const frame = Outgoing{nic_test::echo_request(card_.outgoing(), own_, their_, 64)};
        flood(frame, flood_frames, [&](u64 done) {
            if (killed == kills || done < u64{flood_frames} / (kills + 1) * (killed + 1)) return;
            ++killed;
            if (!ask<monitor::Kill>({use_.peer})) fail("the driver cannot be killed");
        });
        log_.info("flood: {} frames were sent by {} drivers, {} answers, {} dropped", flood_frames,
                  card_.epoch(), card_.frames() - before, card_.dropped());
        if (card_.epoch() < kills) fail("it was not killed");
        if (echoes_ == 0) fail("no answers");
    }

    void measure(char const* what, Outgoing const& frame)
    {
        drain();
        u64 const before = cpu(), received = card_.frames();
        flood(frame, measured_frames, [](u64) {});
        drain();
        u64 const spent = cpu() - before;
        log_.info("measure {}: {} ns of the driver's CPU time for each frame sent, {} received "
                  "for 1000 sent, {} interrupts in all",
                  what, spent * 1000 / measured_frames,
                  (card_.frames() - received) * 1000 / measured_frames,
                  card_.shared().statistics.interrupts.load());
    }
    void measure_large()
    {
        bool const open = card_.has(nic::feature::completes_sums);
        Outgoing frame{nic_test::large_segment(card_.outgoing(), own_, their_, 61'454, open),
                       nic::segment::checksum | nic::segment::segment4};
        frame.checksum_start = 34;
        frame.checksum_offset = 16;
        frame.header_bytes = 54;
        frame.segment_bytes = 1460;
        measure("61454", frame);
    }
    u64 cpu()
    {
        auto const info = ask<monitor::ProgramInfo>({use_.peer});
        if (!info) fail("no information about the driver");
        return (*info).cpu_us;
    }
    template <class C> Result<typename C::Reply> ask(typename C::Args const& args)
    {
        return program::call<monitor::Monitor, C>(self_, monitor_, args);
    }
};

} // namespace

int main(void* argument)
{
    return test_program::run<Test>(argument);
}
