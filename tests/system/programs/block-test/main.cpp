// Writes and reads a disk for as long as it is told, and notices every wrong byte. Each generation
// writes one region with sectors that say their place and generation (sector.hpp), many requests of
// random lengths at a time, then flushes, then logs "flushed N", then reads all of it back. Whoever
// reads the image on the host knows: every sector of the region is whole, and of generation N or
// younger. It neither knows nor cares that its driver is killed meanwhile.
//
// "parameter": how many generations (default_generations when there is none). Exit status 0: good.
#include "block/client.hpp"
#include "sector.hpp"
#include "tests/system/programs/test_program.hpp"

namespace {

using block::Operation;
using block_test::Sector;

constexpr u64 default_generations = 4;
constexpr u64 region = 1024; // sectors, from the disk's first
constexpr u32 lanes = 16;    // requests at a time, each with a part of the pool
constexpr u32 lane_sectors = 32;

class Test : test_program::Base {
    program::Use use_ = self_.use("block");
    block::Client disk_;
    struct Lane {
        u64 sector;
        u32 sectors; // 0: free
    } lane_[lanes] = {};
    u64 random_ = 88172645463325252, requests_ = 0;

public:
    explicit Test(program::Program const& self) : Base{self}
    {
        if (!use_ || use_.pool_bytes < lanes * lane_sectors * 512) fail("no disk or no pool");
        disk_ = block::Client{use_};
        while (!disk_.online())
            if (!drain([](u32, block::Status) {})) wait();
    }

    int run()
    {
        u64 const generations = self_.value("parameter", default_generations);
        if (disk_.sectors() < region || disk_.read_only()) fail("the disk cannot be written");
        refuse();
        u64 generation = last_generation();
        for (u64 i = 0; i < generations; ++i) {
            pass(Operation::write, ++generation);
            flush();
            log_.info("flushed {}", generation);
            pass(Operation::read, generation);
        }
        log_.info("passed: {} generations, {} requests, {} drivers", generations, requests_,
                  disk_.epoch());
        return 0;
    }

private:
    Sector* sectors_of(u32 lane)
    {
        return reinterpret_cast<Sector*>(use_.pool) + lane * lane_sectors;
    }
    u64 random()
    {
        random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
        return random_;
    }

    /// Hands each outcome there is to `take(lane, status)`; whether there was one.
    template <class Take> bool drain(Take&& take)
    {
        bool any = false;
        for (block::Outcome outcome{}; disk_.next(outcome); any = true)
            take(static_cast<u32>(outcome.cookie), outcome.status);
        return any;
    }
    void wait()
    {
        disk_.wake_driver();
        if (disk_.sleep()) self_.beat(self_.wake().wait());
    }
    void submit(Operation operation, u64 sector, u64 offset, u32 bytes, u64 cookie)
    {
        if (!disk_.submit(operation, sector, offset, bytes, cookie)) fail("no room for a request");
        ++requests_;
    }

    /// Writes or reads the whole region; what is read is of `generation`.
    void pass(Operation operation, u64 generation)
    {
        u64 next = 0;
        for (u32 busy = 0; next < region || busy > 0;) {
            for (u32 i = 0; i < lanes && next < region; ++i) {
                if (lane_[i].sectors > 0) continue;
                u64 const left = region - next;
                u64 const length = 1 + random() % lane_sectors;
                lane_[i] = {next, static_cast<u32>(length < left ? length : left)};
                next += lane_[i].sectors;
                begin(operation, i, generation);
                ++busy;
            }
            bool const any = drain([&](u32 lane, block::Status status) {
                end(operation, lane, status, generation);
                --busy;
            });
            if (!any) wait();
        }
    }
    void begin(Operation operation, u32 lane, u64 generation)
    {
        auto const& it = lane_[lane];
        Sector* const sectors = sectors_of(lane);
        for (u32 i = 0; i < it.sectors; ++i)
            if (operation == Operation::write)
                sectors[i].make(it.sector + i, generation);
            else
                sectors[i].magic = 0;
        submit(operation, it.sector, u64{lane} * lane_sectors * 512, it.sectors * 512, lane);
    }
    void end(Operation operation, u32 lane, block::Status status, u64 generation)
    {
        auto& it = lane_[lane];
        if (status != block::Status::ok) fail("a request failed");
        Sector const* const sectors = sectors_of(lane);
        for (u32 i = 0; i < it.sectors && operation == Operation::read; ++i)
            if (!sectors[i].good(it.sector + i) || sectors[i].sequence != generation)
                fail("a sector is not what was written");
        it.sectors = 0;
    }

    block::Status once(Operation operation, u64 sector, u32 bytes)
    {
        submit(operation, sector, 0, bytes, 0);
        auto result = block::Status::ok;
        while (!drain([&](u32, block::Status status) { result = status; })) wait();
        return result;
    }
    void flush()
    {
        if (once(Operation::flush, 0, 0) != block::Status::ok) fail("a flush failed");
    }
    /// What the disk holds from an earlier run.
    u64 last_generation()
    {
        if (once(Operation::read, 0, 512) != block::Status::ok) fail("the first sector");
        return sectors_of(0)->good(0) ? sectors_of(0)->sequence : 0;
    }
    /// What may not be is refused, and the last sector is there.
    void refuse()
    {
        if (once(Operation::read, disk_.sectors(), 512) != block::Status::bad_request ||
            once(Operation::read, 0, 511) != block::Status::bad_request ||
            once(Operation{7}, 0, 512) != block::Status::bad_request)
            fail("a bad request was not refused");
        if (once(Operation::read, disk_.sectors() - 1, 512) != block::Status::ok)
            fail("the last sector");
    }
};

} // namespace

int main(void* argument)
{
    return test_program::run<Test>(argument);
}
