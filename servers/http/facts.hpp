// What the server tells about the machine, as it was at one moment.
#pragma once

#include "protocol/log.hpp"
#include "protocol/memory.hpp"
#include "protocol/monitor.hpp"
#include "protocol/netconf.hpp"

namespace http_server {

struct ProgramFacts {
    monitor::ProgramInfo::Reply info;
    memory::SpaceStatistics::Reply memory; ///< zero without a space
};

struct InterruptFacts {
    u64 program; ///< index
    monitor::Interrupts::Line line;
};

struct Facts {
    static constexpr u32 max_programs = composition::max_programs, max_interfaces = 8,
                         max_interrupts = 64, log_lines = 24;

    u64 uptime_us = 0;
    u64 seconds = 0; ///< since 1970-01-01 UTC; 0: not known
    u32 programs = 0, interfaces = 0, interrupts = 0;
    ProgramFacts program[max_programs];
    InterruptFacts interrupt[max_interrupts];
    memory::MachineStatistics::Reply machine;
    netconf::GetInterface::Reply interface[max_interfaces];
    netconf::GetSettings::Reply network;
    bool has_network = false; ///< the network server answered
    /// The newest lines, the last of which is line[(next_line - 1) % log_lines].
    log_protocol::Read::Reply line[log_lines];
    u64 next_line = 0;                              ///< how many there were
    u64 connections = 0, requests = 0, refused = 0; ///< of this server
};

} // namespace http_server
