// The entropy server: seeds a generator from all sources there are and answers Calls. Nothing else
// in the system invents randomness.
#include "log/logger.hpp"
#include "program/program.hpp"
#include "sources.hpp"

namespace {

using namespace entropy;

class Server {
    static constexpr u32 calls_per_seed = 1024;
    static constexpr u32 jitter_always = 64, jitter_alone = 2048; // samples

    program::Program const& self_;
    logging::Logger log_{self_};
    Cpu cpu_ = Cpu::detect();
    Generator generator_;
    CpuSource rdseed_{64}, rdrand_{32};
    JitterSource jitter_;
    DeviceSource device_;
    program::Use random_ = self_.use("random");
    queue::Receiver<decltype(RandomShared::bytes)> raw_;
    u64 reseeds_ = 0;
    u32 calls_ = 0; // since the last seed

public:
    explicit Server(program::Program const& self) : self_{self}
    {
        if (random_) raw_ = queue::Receiver{&random_.memory<RandomShared>()->bytes};
        gather();
    }

    void on_signal(u64 bits)
    {
        if ((bits & random_.bit) && !device_.good()) gather(); // later its ring waits, full
    }
    void on_call(u64, u64 client, rpc::Message& message)
    {
        rpc::dispatch(Entropy{}, *this, rpc::Client{client}, message);
    }

    Result<Get::Reply> on(Get, Get::Args const& args, rpc::Client)
    {
        if (args.bytes == 0 || args.bytes > max_bytes) return Error::out_of_range;
        if (!generator_.seeded() || ++calls_ >= calls_per_seed) gather();
        Get::Reply reply{};
        TRY(generator_.generate(std::span{reply.data}.first(args.bytes)));
        return reply;
    }
    Result<Sources::Reply> on(Sources, Sources::Args const&, rpc::Client)
    {
        return Sources::Reply{rdrand_.credited(), rdseed_.credited(), device_.credited(),
                              jitter_.credited(), reseeds_,           generator_.seeded()};
    }

private:
    /// Something of every source; a new key when that is enough.
    void gather()
    {
        drain_device();
        if (cpu_.has_rdseed) rdseed_.collect(generator_, Cpu::rdseed);
        if (cpu_.has_rdrand) rdrand_.collect(generator_, Cpu::rdrand);
        bool const enough = generator_.credit() == Generator::seed_bits;
        jitter_.collect(generator_, enough ? jitter_always : jitter_alone, Cpu::tsc);
        bool const first = !generator_.seeded();
        if (!generator_.reseed()) return;
        ++reseeds_;
        calls_ = 0;
        if (first)
            log_.info("seeded; bytes of rdseed {}, rdrand {}, device {}, jitter {}",
                      rdseed_.credited(), rdrand_.credited(), device_.credited(),
                      jitter_.credited());
    }
    void drain_device()
    {
        if (!random_) return;
        do
            for (RawBytes raw; raw_.pop(raw);) device_.add(generator_, raw);
        while (!raw_.sleep_if_empty());
        if (raw_.must_signal()) random_.signal.signal(); // there is room again
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Server server{self};
    program::serve(self, server);
}
