// Asks the entropy server for bytes of all lengths and looks whether they could be random: no two
// answers alike, every bit as often set as not. Exit status 0: good.
#include "program/program.hpp"
#include "protocol/entropy.hpp"
#include "tests/system/programs/test_program.hpp"

#include <cstring>

namespace {

using namespace entropy;

constexpr u32 calls = 256;

class Test : test_program::Base {
    program::Use use_ = self_.use("entropy");
    u64 first_word_[calls] = {};

public:
    explicit Test(program::Program const& self) : Base{self} {}

    int run()
    {
        refuse(0);
        refuse(max_bytes + 1);
        u64 set = 0, bits = 0;
        for (u32 i = 0; i < calls; ++i) {
            u64 const bytes = 8 + i % (max_bytes - 7);
            auto const reply = get(bytes);
            for (u64 at = 0; at < bytes; ++at)
                for (unsigned bit = 0; bit < 8; ++bit) set += reply.data[at] >> bit & 1;
            bits += bytes * 8;
            for (u64 at = bytes; at < max_bytes; ++at)
                if (reply.data[at] != 0) fail("more than was asked for");
            std::memcpy(&first_word_[i], reply.data, 8);
            for (u32 other = 0; other < i; ++other)
                if (first_word_[other] == first_word_[i]) fail("the same twice");
        }
        // Six standard deviations: sqrt(bits) / 2 each.
        u64 const off = set * 2 > bits ? set * 2 - bits : bits - set * 2;
        if (off * off > 36 * bits) fail("one bit is likelier than the other");
        report();
        return 0;
    }

private:
    /// Until it is seeded it says `interrupted`: each call lets it gather more.
    Get::Reply get(u64 bytes)
    {
        for (u32 tries = 0; tries < 1000; ++tries) {
            auto const answer = program::call<Entropy, Get>(self_, use_, {bytes});
            if (answer) return *answer;
            if (answer.error() != Error::interrupted) fail("an error that is none of its own");
        }
        fail("it is never seeded");
    }
    void refuse(u64 bytes)
    {
        auto const answer = program::call<Entropy, Get>(self_, use_, {bytes});
        if (answer || answer.error() != Error::out_of_range) fail("a bad length");
    }
    void report()
    {
        auto from = program::call<Entropy, Sources>(self_, use_, {});
        if (!from || from->seeded == 0) fail("it gives bytes and is not seeded");
        log_.info("passed: {} calls; bytes of rdseed {}, rdrand {}, device {}, jitter {}", calls,
                  from->rdseed, from->rdrand, from->device, from->jitter);
    }
};

} // namespace

int main(void* argument)
{
    return test_program::run<Test>(argument);
}
