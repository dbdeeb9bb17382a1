// The others, as a program with the right `monitor` sees them: through the supervisor's protocol
// and the memory-manager's statistics.
#pragma once

#include "program/program.hpp"
#include "protocol/memory.hpp"
#include "protocol/monitor.hpp"

namespace observe {

/// Text in an array of a protocol: up to its zero or its end.
template <usize N> std::string_view text_of(char const (&array)[N])
{
    usize length = 0;
    while (length < N && array[length]) ++length;
    return {array, length};
}

constexpr std::string_view state_name(u64 state)
{
    constexpr std::string_view names[] = {"absent", "starting", "running", "restarting"};
    return state < std::size(names) ? names[state] : "?";
}

constexpr std::string_view kind_name(u64 kind)
{
    constexpr std::string_view names[] = {"trusted", "server", "driver"};
    return kind < std::size(names) ? names[kind] : "?";
}

class Observer {
    program::Program const& self_;
    program::Use monitor_ = self_.use("monitor");

public:
    explicit Observer(program::Program const& self) : self_{self} {}

    template <rpc::Call C> auto monitor(typename C::Args const& args)
    {
        return program::call<monitor::Monitor, C>(self_, monitor_, args);
    }
    template <rpc::Call C> auto memory(typename C::Args const& args)
    {
        return rpc::call<memory::Memory, C>(rpc::Channel{self_.memory()}, args);
    }

    /// Calls each(index, ProgramInfo::Reply) for every program. Errors: those of ProgramInfo.
    template <class Each> Error for_each_program(Each&& each)
    {
        for (u64 program = 0; program < composition::max_programs; ++program) {
            auto answer = monitor<monitor::ProgramInfo>({program});
            if (answer)
                each(program, *answer);
            else
                return answer.error() == Error::not_found ? Error::ok : answer.error();
        }
        return Error::ok;
    }
};

} // namespace observe
