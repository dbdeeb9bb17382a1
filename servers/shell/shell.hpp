// What a command gets: whom it may Call, where it writes, and how a command is described.
#pragma once

#include "observe/observer.hpp"
#include "protocol/device.hpp"
#include "protocol/entropy.hpp"
#include "protocol/iperf.hpp"
#include "protocol/log.hpp"
#include "protocol/netconf.hpp"
#include "protocol/uploads.hpp"
#include "servers/shell/session.hpp"
#include "servers/shell/table.hpp"
#include "servers/shell/words.hpp"
#include <span>

namespace shell {

/// Statuses of commands besides the errors of kit/result.hpp, which are theirs + error_base.
inline constexpr int failed = 1, wrong_use = 2, interrupted = 130, not_a_command = 127;

using observe::text_of;

class Shell {
public:
    explicit Shell(program::Program const& self) : out{self}, observer{self}, self_{self} {}

    /// Runs the commands of a line. Status of the last of them.
    int run(std::string_view line);

    template <rpc::Call C> auto monitor(typename C::Args const& args)
    {
        return observer.monitor<C>(args);
    }
    template <rpc::Call C> auto device(typename C::Args const& args)
    {
        return program::call<device::Device, C>(self_, device_, args);
    }
    template <rpc::Call C> auto log(typename C::Args const& args)
    {
        return program::call<log_protocol::LogRead, C>(self_, log_, args);
    }
    template <rpc::Call C> auto entropy(typename C::Args const& args)
    {
        return program::call<entropy::Entropy, C>(self_, entropy_, args);
    }
    template <rpc::Call C> auto network(typename C::Args const& args)
    {
        return program::call<netconf::Netconf, C>(self_, netconf_, args);
    }
    template <rpc::Call C> auto uploads(typename C::Args const& args)
    {
        return program::call<::uploads::Uploads, C>(self_, uploads_, args);
    }
    template <rpc::Call C> auto iperf(typename C::Args const& args)
    {
        return program::call<::iperf::Iperf, C>(self_, iperf_, args);
    }
    template <rpc::Call C> auto memory(typename C::Args const& args)
    {
        return observer.memory<C>(args);
    }

    /// The program called `name`, or ~0 after saying that there is none.
    u64 find(std::string_view name);
    /// The name of a program; "?" when nobody knows it. Valid until the next call.
    std::string_view name(u64 program);
    /// Says why something failed. Always `failed`.
    int fail(std::string_view what, Error why);
    /// The kernel's event ring while it is attached.
    void const* events() const { return reinterpret_cast<void const*>(self_.value("events")); }

    program::Program const& program() const { return self_; }

    Session out;
    observe::Observer observer;
    bool json = false;

private:
    int run_one(Words& words);

    program::Program const& self_;
    program::Use device_ = self_.use("device");
    program::Use log_ = self_.use("logread"), entropy_ = self_.use("entropy");
    program::Use netconf_ = self_.use("netconf"), uploads_ = self_.use("uploads");
    program::Use iperf_ = self_.use("iperf");
    monitor::ProgramInfo::Reply named_{};
};

struct Command {
    std::string_view name, arguments, help;
    usize least, most;  ///< words behind the name
    bool json;          ///< takes --json
    bool takes_program; ///< Tab offers names of programs
    int (*run)(Shell& shell, Words& words);
};
/// All commands, in the order that help shows (commands.cpp).
std::span<Command const> commands();

// The commands, by file.
int help(Shell&, Words&); // commands.cpp
int echo(Shell&, Words&);
int clear(Shell&, Words&);
int ps(Shell&, Words&); // programs.cpp
int caps(Shell&, Words&);
int sched(Shell&, Words&);
int kill(Shell&, Words&);
int restart(Shell&, Words&);
int stress(Shell&, Words&);
int devices(Shell&, Words&); // machine.cpp
int mem(Shell&, Words&);
int date(Shell&, Words&);
int uptime(Shell&, Words&);
int entropy_sources(Shell&, Words&);
int power_off(Shell&, Words&);
int reboot(Shell&, Words&);
int net(Shell&, Words&); // interfaces.cpp
int log(Shell&, Words&); // records.cpp
int keep(Shell&, Words&);
int crash(Shell&, Words&);
int trace(Shell&, Words&); // trace.cpp
int ping(Shell&, Words&);  // network.cpp
int ping6(Shell&, Words&);
int dns(Shell&, Words&);
int nc(Shell&, Words&);
int httpget(Shell&, Words&);
int iperf_command(Shell&, Words&); // iperf.cpp
int upload(Shell&, Words&);        // uploads.cpp

} // namespace shell
