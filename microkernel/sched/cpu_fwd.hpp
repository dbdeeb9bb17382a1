// Names only: for headers that pass the CPU state on without looking inside (sched/cpu.hpp).
#pragma once
namespace mk {
struct Cpu;
struct Tcb;
class SchedContext;
class Reply;
class Endpoint;
class Notification;
struct PageTable;
} // namespace mk
