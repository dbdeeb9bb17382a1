// See autopsy.hpp.
#include "autopsy.hpp"

#include "backtrace.hpp"
#include "log_tail.hpp"
#include "protocol/memory.hpp"
#include "rpc/channel.hpp"
#include <algorithm>
#include <cstring>

namespace supervisor {

void examine(Managed const& program, sys::Endpoint memory, Crash& record)
{
    constexpr bool suspend = true;
    auto const registers = program.process.tcb().read_registers(suspend);
    if (registers) {
        static_assert(sizeof record.registers == abi::user_context_words * sizeof(u64));
        std::memcpy(record.registers, &(*registers).rip, sizeof record.registers);
        auto const read = [&](u64 address, u64(&pair)[2]) {
            auto const peeked = rpc::call<memory::Memory, memory::Peek>(
                rpc::Channel{memory}, {program.process.space(), address, sizeof pair});
            if (!peeked || (*peeked).bytes != sizeof pair) return false;
            std::memcpy(pair, (*peeked).data, sizeof pair);
            return true;
        };
        backtrace((*registers).rbp, record.backtrace, read);
    }
    if (program.log) log_tail(*program.log, record.log);
}

} // namespace supervisor
