// The method table as a whole: every row demands its words and capabilities, and nothing but the
// rows exists.
#include "space.hpp"
#include <string>

namespace {

/// A call on a capability of `type` with as many zero words and null capabilities as given.
struct Probe {
    Slot slot, argument;
    u64 words[abi::msg_max_length] = {};

    Answer operator()(CapType type, u64 label, unsigned length, unsigned caps)
    {
        slot.update(Cap::singleton(type));
        return answer_of(decode({&slot,
                                 slot.cap(),
                                 label,
                                 length,
                                 {},
                                 words,
                                 caps,
                                 {&argument, &argument, &argument},
                                 &fake::thread(),
                                 &fake::cpu()}));
    }
};

Method const* linear_search(CapType type, u64 label)
{
    for (auto const& m : methods)
        if (m.type == type && u64(m.label) == label) return &m;
    return nullptr;
}

} // namespace

TEST_CASE("every method refuses a short message and missing capabilities", "[methods]")
{
    Probe probe;
    Answer const truncated = refused(ErrorCode::truncated_message);
    for (auto const& m : methods) {
        CAPTURE(m.name);
        CHECK(m.caps <= abi::msg_max_extra_caps);
        for (unsigned words = 0; words < m.words; ++words)
            CHECK(probe(m.type, u64(m.label), words, m.caps) == truncated);
        for (unsigned caps = 0; caps < m.caps; ++caps)
            CHECK(probe(m.type, u64(m.label), m.words, caps) == truncated);
        CHECK_FALSE(probe(m.type, u64(m.label), m.words, m.caps) == truncated);
    }
}

TEST_CASE("the search finds the rows of the table and nothing else", "[methods]")
{
    Probe probe;
    std::vector<u64> labels{~u64{0}, 0x1000, 0x1001, u64{1} << 32 | 1, u64{1} << 51};
    for (u64 label = 0; label < 128; ++label) labels.push_back(label);
    for (unsigned type = 0; type < 32; ++type)
        for (u64 label : labels) {
            CAPTURE(type, label);
            Method const* const expected = linear_search(CapType(type), label);
            CHECK(find_method(CapType(type), label) == expected);
            if (!expected)
                CHECK(probe(CapType(type), label, 120, 3) == refused(ErrorCode::illegal_operation));
        }
}

TEST_CASE("names are what the documentation lists: unique, Object.method", "[methods]")
{
    for (auto const& m : methods) {
        std::string const name = m.name;
        CHECK(name.find('.') != std::string::npos);
        unsigned same = 0;
        for (auto const& other : methods) same += name == other.name;
        CHECK(same == 1);
    }
}
