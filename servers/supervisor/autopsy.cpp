// See autopsy.hpp.
#include "autopsy.hpp"

#include "backtrace.hpp"
#include "log_tail.hpp"
#include "protocol/memory.hpp"
#include "rpc/channel.hpp"
#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

namespace supervisor {

void examine(Managed const& program, sys::Endpoint memory, Crash& record)
{
    constexpr bool suspend = true;
    bool swapped = false;
    auto const registers = program.process.tcb().read_registers(suspend);
    if (registers) {
        static_assert(sizeof record.registers == abi::user_context_words * sizeof(u64));
        std::memcpy(record.registers, &(*registers).rip, sizeof record.registers);
        auto const read = [&](u64 address, u64(&pair)[2]) {
            auto const peeked = rpc::call<memory::Memory, memory::Peek>(
                rpc::Channel{memory}, {program.process.space(), address, sizeof pair});
            swapped = !peeked && peeked.error() == Error::busy;
            if (!peeked || (*peeked).bytes != sizeof pair) return false;
            std::memcpy(pair, (*peeked).data, sizeof pair);
            return true;
        };
        backtrace((*registers).rbp, record.backtrace, read);
    }
    // Whoever reads the record must not take what there is of the backtrace for all of it.
    constexpr std::string_view elsewhere{"(the rest of its stack is on the swap disk)\n"};
    std::span<char> const lines{record.log};
    usize const room = lines.size() - (swapped ? elsewhere.size() : 0);
    usize const used = program.log ? log_tail(*program.log, lines.first(room)) : 0;
    if (swapped) std::copy_n(elsewhere.begin(), elsewhere.size(), &lines[used]);
}

} // namespace supervisor
