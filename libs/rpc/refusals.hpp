// What a server that Calls nobody has refused, kept until its supervisor asks: who, which call,
// why, how often. A fixed table, so that whoever tries without end costs nobody anything: the same
// again is counted, and what finds no room is counted as nobody's.
#pragma once

#include "rpc/rpc.hpp"

namespace rpc {

/// Wire format of an answer that tells of one. count 0: there is none.
struct Refusal {
    u64 who;   ///< as the server knows its clients; `many`: of several, who found no room
    u64 call;  ///< number in the protocol
    u64 error; ///< what the client was told, an Error
    u64 count;
    static constexpr u64 many = ~u64{0};
};

/// The number of call C in protocol P.
template <class P, class C> consteval u64 number_of()
{
    static_assert(P::template label<C>() != P::not_a_call, "this call is not of the protocol");
    return P::template label<C>() & 0xffff;
}

class Refusals {
public:
    static constexpr usize max = 24;

    /// Takes note of one. True: there was none before, so whoever asks for them is to be told.
    bool note(u64 who, u64 call, Error why)
    {
        bool const first = used_ == 0 && others_ == 0;
        for (usize i = 0; i < used_; ++i)
            if (it_[i].who == who && it_[i].call == call && it_[i].error == static_cast<u64>(why)) {
                ++it_[i].count;
                return false;
            }
        if (used_ == max)
            ++others_;
        else
            it_[used_++] = {who, call, static_cast<u64>(why), 1};
        return first;
    }
    /// The oldest of them, which is gone then.
    Refusal take()
    {
        if (used_ == 0) {
            Refusal const others{Refusal::many, 0, 0, others_};
            others_ = 0;
            return others;
        }
        Refusal const oldest = it_[0];
        --used_;
        for (usize i = 0; i < used_; ++i) it_[i] = it_[i + 1];
        return oldest;
    }

private:
    Refusal it_[max] = {};
    usize used_ = 0;
    u64 others_ = 0;
};

} // namespace rpc
