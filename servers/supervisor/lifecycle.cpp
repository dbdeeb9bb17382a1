// See lifecycle.hpp. A program is absent; or it has an instance, which is starting or runs; or it
// waits for a successor (`due`). publish() tells the others, end() and make() change it.
#include "lifecycle.hpp"

#include "abi/faults.hpp"
#include "autopsy.hpp"
#include "crash_report.hpp"
#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "rpc/serve.hpp"
#include "runtime/runtime.hpp"
#include <algorithm>

namespace supervisor {

using composition::text;
using program::State;

namespace {

bool is_serial_driver(composition::Program const& program)
{
    return program.match.bus == composition::Bus::platform && text(program.match.id) == "com1";
}

/// Its device can read and write all memory, as long as nobody uses VT-d.
bool is_bus_master(composition::Program const& program)
{
    return program.match.bus == composition::Bus::pci;
}

bool is_exit(fault::Message const& fault)
{
    return fault.label == abi::FaultLabel::unknown_syscall &&
           fault.word[abi::unknown_syscall::syscall] == runtime::exit_call;
}

/// What memory-manager adds to a page fault: nothing where the address is just wrong.
std::string_view no_page(fault::Message const& fault)
{
    if (fault.label != abi::FaultLabel::vm_fault) return {};
    switch (fault.word[abi::vm_fault::length]) {
    case memory::fault_quota:
        return ": its quota of memory is used up";
    case memory::fault_memory:
        return ": the machine has no memory left";
    case memory::fault_disk:
        return ": the swap disk does not give its page back";
    default:
        return {};
    }
}

/// What goes behind a program's name.
fault::Text in_words(Reason reason, fault::Message const* fault)
{
    fault::Text text;
    if (fault && fault->label != abi::FaultLabel::null_fault)
        return text.add(fault::in_words(*fault).view(), no_page(*fault));
    switch (reason) {
    case Reason::hang:
        return text.add("hangs: it does not answer its heartbeat");
    case Reason::killed:
        return text.add("is ended on request");
    default:
        return text.add("gives up, code ", fault ? fault->word[0] : 0);
    }
}

} // namespace

Lifecycle::Lifecycle(Parts const& parts)
    : parts_{parts}, states_{parts.inventory.system_page()},
      refusals_{parts.system, parts.report, parts.devices,
                sys::Endpoint{parts.given.memory_manager}, parts.time},
      maker_{{parts.slots.cnode(), sys::Tcb{parts.given.own_tcb},
              sys::SchedControl{parts.given.sched_control},
              sys::Endpoint{parts.given.memory_manager}, parts.slots.scratch()},
             parts.system,
             parts.inventory.peers(),
             parts.inventory.objects()}
{
}

Result<void> Lifecycle::prepare()
{
    for (u32 i = 0; i < parts_.system.programs().size(); ++i) {
        Managed& it = managed_[i];
        it.definition = &parts_.system.program(i);
        it.index = i;
        if (it.is_trusted()) { // root has started it; if it ended, nobody would read this
            states_.count_instance(i);
            states_.set(i, State::running);
            continue;
        }
        it.policy = RestartPolicy{it.definition->restart, it.definition->max_per_minute};
        TRY(parts_.inventory.furnish(it));
    }
    for (handover::Member const& it : parts_.given.member)
        if (Managed* const known = find(it.program)) known->member = &it;
    return {};
}

void Lifecycle::start_all()
{
    for (Managed& it : programs()) {
        if (it.is_trusted() || !(it.definition->flags & composition::flag_autostart)) continue;
        if (!it.is_driver() || parts_.devices.present(it.index)) (void)make(it);
    }
    report_boot();
}

Managed* Lifecycle::find(u64 index)
{
    return index < parts_.system.programs().size() ? &managed_[index] : nullptr;
}

u64 Lifecycle::take_signals()
{
    return std::exchange(signals_, 0);
}

/// Tells everybody who shares an edge with the program.
void Lifecycle::publish(Managed const& it, State state)
{
    states_.set(it.index, state);
    u64 told = 0; // bit per program: one signal each
    static_assert(composition::max_programs <= 64);
    for (composition::Grant const& grant : parts_.system.grants(*it.definition)) {
        if (grant.peer == composition::no_index || (told >> grant.peer & 1)) continue;
        told |= u64{1} << grant.peer;
        Managed const& peer = managed_[grant.peer];
        if (peer.runs()) peer.tell_change.signal();
    }
}

// ---- the beginning ----

Result<void> Lifecycle::start(Managed& it, u64 parameter)
{
    if (it.is_driver() && !parts_.devices.present(it.index)) return Error::absent;
    if (it.is_slot() && !it.described) return Error::absent; // nothing was uploaded
    it.policy.forgive();
    it.parameter = parameter;
    return make(it);
}

void Lifecycle::stop(Managed& it)
{
    it.policy = RestartPolicy{}; // never again
    if (it.runs())
        kill(it);
    else if (it.due)
        decide(it, Reason::killed);
}

/// Makes an instance and lets it run. What goes wrong counts as its end.
Result<void> Lifecycle::make(Managed& it)
{
    it.due = false;
    if (is_serial_driver(*it.definition)) parts_.report.leave_serial_port();
    it.begun_tsc = Time::tsc();
    auto const made = make_instance(it);
    if (made) return {};
    spawn::Failure const& failure = made.error();
    parts_.report.problem("cannot start '", text(it.definition->name), "': ", failure.step,
                          ": error ", static_cast<u64>(failure.error), ", kernel ",
                          static_cast<u64>(failure.kernel));
    dismantle(it);
    // Its device went, or another driver has it: device-manager will tell when there is one.
    if (failure.error == Error::not_found || failure.error == Error::slot_occupied)
        publish(it, State::absent);
    else
        decide(it, Reason::fault);
    if (failure.error != Error::ok) return failure.error;
    // The kernel refused: besides memory, nothing of it may be missing.
    return failure.kernel == abi::ErrorCode::not_enough_memory ? Error::no_memory : Error::corrupt;
}

Result<void, spawn::Failure> Lifecycle::make_instance(Managed& it)
{
    auto const failed = [](char const* step, Error error) {
        return spawn::Failure{step, error, abi::ErrorCode::no_error};
    };
    if (!it.image) {
        auto const image = spawn::load_image(parts_.archive, *it.definition);
        if (!image) return failed(image.error(), Error::corrupt);
        it.image = *image;
    }
    // It finds its own epoch when it starts, and no answer of its predecessor.
    states_.count_instance(it.index);
    if (states_.state(it.index) == State::absent) publish(it, State::starting);
    it.status->heartbeat.store(0, std::memory_order_relaxed);
    it.status->failed.store(0, std::memory_order_relaxed);
    it.status->ready.store(0, std::memory_order_release);
    it.heartbeat = Heartbeat{it.definition->heartbeat_us};
    it.ready = false;

    TRY(maker_.make(it.process, it.index, it.image, it.is_slot() ? &it.uses : nullptr));
    if (it.is_driver()) {
        auto const attached = parts_.devices.attach(it.index, it.process.space(),
                                                    it.process.cnode(), maker_.arguments());
        if (!attached) return failed("its device", attached.error());
        it.attached = true;
    }
    if ((it.definition->flags & composition::flag_monitor) &&
        !maker_.arguments().add("events", program::layout::events))
        return failed("its arguments", Error::out_of_range);
    if (it.parameter != 0 && !maker_.arguments().add("parameter", it.parameter))
        return failed("its arguments", Error::out_of_range);
    return maker_.start(it.process);
}

void Lifecycle::on_status()
{
    for (Managed& it : programs()) {
        if (it.is_trusted() || !it.runs()) continue;
        if (u32 const code = it.status->failed.load(std::memory_order_acquire)) {
            fault::Message const gave_up{abi::FaultLabel::null_fault, {code}};
            end(it, Reason::fault, &gave_up);
        } else if (!it.ready && it.status->ready.load(std::memory_order_acquire)) {
            on_ready(it);
        }
    }
}

void Lifecycle::on_ready(Managed& it)
{
    it.ready = true;
    it.policy.ready(parts_.time.now_us());
    publish(it, State::running);
    if (it.ended_tsc != 0) {
        u64 const us = parts_.time.us_since(it.ended_tsc);
        it.recoveries.add(us);
        it.ended_tsc = 0;
        if (Crash* const record = parts_.crashes.find(it.index, 0)) record->recovery_us = us;
        parts_.report.line("restarted ", text(it.definition->name), ", ", us, " us after its end");
    } else {
        parts_.report.line("started ", text(it.definition->name), " (", text(it.definition->file),
                           "), ", parts_.time.us_since(it.begun_tsc) / 1000, " ms",
                           is_bus_master(*it.definition) ? "; DMA not contained" : "");
    }
    report_boot();
}

/// When nothing is left of the boot to wait for, or it has taken too long, says so.
void Lifecycle::report_boot()
{
    if (!booting_) return;
    u64 ready = 0;
    kit::Text<root_protocol::max_text / 2> late;
    for (Managed const& it : programs()) {
        if (it.runs() && !it.ready)
            late.add(late.view().empty() ? "; not ready: " : ", ", text(it.definition->name));
        ready += it.ready;
    }
    if (!late.view().empty() && parts_.time.us_since(begun_tsc_) < patience_us) return;
    booting_ = false;
    parts_.report.line("system ready after ", parts_.time.now_us() / 1000, " ms, ", ready,
                       " programs", late.view());
}

// ---- the end ----

/// A program's end, in the order that everybody relies on: it stops; its state is told; its device
/// is quiet; its callers are answered; nothing of it is left; its successor may begin.
u64 Lifecycle::end(Managed& it, Reason reason, fault::Message const* fault)
{
    if (!it.runs()) return 0;
    u64 const now = Time::tsc();
    it.ended_tsc = now;
    refusals_.collect(programs()); // while its space has a name
    (void)it.count_cpu_time();
    record(it, reason, fault);
    parts_.report.problem("'", text(it.definition->name), "' ", in_words(reason, fault).view());
    publish(it, State::restarting);
    dismantle(it);
    decide(it, reason);
    return now;
}

void Lifecycle::record(Managed& it, Reason reason, fault::Message const* fault)
{
    Crash& record = parts_.crashes.add();
    record.program = it.index;
    record.epoch = states_.epoch(it.index);
    record.reason = static_cast<u64>(reason);
    record.time_us = parts_.time.us_at(it.ended_tsc);
    if (fault) {
        record.label = static_cast<u64>(fault->label);
        std::copy_n(fault->word, std::size(fault->word), record.word);
    }
    examine(it, sys::Endpoint{parts_.given.memory_manager}, record);
}

void Lifecycle::dismantle(Managed& it)
{
    if (it.attached && !parts_.devices.detach(it.index))
        parts_.report.problem("the device of ", text(it.definition->name),
                              " does not become quiet: its memory stays locked away");
    it.attached = false;
    if (!it.runs()) return;
    u64 const epoch = states_.epoch(it.index);
    sys::Message const died{static_cast<u64>(Error::server_died), 1, 0, {epoch}};
    for (u64 i = 0; i < it.definition->reply_count; ++i) it.process.reply(i).send(died);
    maker_.end(it.process);
    it.ready = false;
}

/// Whether and when there is a successor.
void Lifecycle::decide(Managed& it, Reason reason)
{
    u64 const now = parts_.time.now_us();
    auto const verdict = it.policy.ended(reason, now);
    it.due = verdict.again;
    it.due_us = now + verdict.wait_us;
    if (verdict.again) {
        ++it.restarts;
        return;
    }
    it.ended_tsc = 0;
    publish(it, State::absent);
    refuse_callers(it);
    parts_.report.problem("'", text(it.definition->name), "' stays stopped");
    report_boot();
}

void Lifecycle::start_due()
{
    u64 const now = parts_.time.now_us();
    for (Managed& it : programs())
        if (it.due && it.due_us <= now) (void)make(it);
}

/// Answers those who Call a program that is absent. Signals to us may arrive here: they are kept.
void Lifecycle::refuse_callers(Managed const& it)
{
    sys::Message const absent{static_cast<u64>(Error::absent), 0, 0, {}};
    sys::Reply const reply = parts_.inventory.spare_reply();
    for (;;) {
        auto const received = it.endpoint.try_receive(reply);
        if (received.badge & rpc::signal_bit) {
            signals_ |= received.badge;
            continue;
        }
        if (received.badge == 0 && received.info.word() == 0) return;
        reply.send(absent);
    }
}

// ---- what happens ----

void Lifecycle::on_clock()
{
    for (Managed& it : programs()) {
        if (it.is_trusted()) continue;
        if (!it.runs()) {
            if (!it.due) refuse_callers(it);
            continue;
        }
        u64 const used = it.count_cpu_time();
        u32 const answers = it.status->heartbeat.load(std::memory_order_acquire);
        switch (it.heartbeat.look(used, answers, it.ready)) {
        case Heartbeat::Verdict::fine:
            break;
        case Heartbeat::Verdict::ask:
            it.ask_heartbeat.signal();
            break;
        case Heartbeat::Verdict::hung:
            end(it, Reason::hang, nullptr);
            break;
        }
    }
    report_boot();
    report_crashes();
    refusals_.collect(programs());
    refusals_.on_clock();
    sweep();
}

/// What large programs had goes back little by little: memory-manager serves nobody meanwhile.
void Lifecycle::sweep()
{
    constexpr int steps = 2;
    rpc::Channel const memory{sys::Endpoint{parts_.given.memory_manager}};
    for (int n = 0; n < steps; ++n) {
        auto const swept = rpc::call<memory::Memory, memory::Sweep>(memory, {});
        if (!swept || (*swept).more == 0) return;
    }
}

/// Names take a while to find: only when the successor runs, or there is none.
void Lifecycle::report_crashes()
{
    auto const is_over = [this](Crash const& crash) {
        Managed const& it = managed_[crash.program];
        return it.runs() ? it.ready : !it.due;
    };
    while (Crash const* const crash = parts_.crashes.take_untold(is_over))
        report_crash(parts_.report, *crash, *managed_[crash->program].definition, parts_.archive);
}

void Lifecycle::on_faults()
{
    refusals_.memory_signalled();
    rpc::Channel const memory{sys::Endpoint{parts_.given.memory_manager}};
    for (;;) {
        auto const fault = rpc::call<memory::Memory, memory::NextFault>(memory, {});
        if (!fault || (*fault).space == 0) return;
        for (Managed& it : programs()) {
            if (!it.runs() || it.process.space() != (*fault).space) continue;
            fault::Message message{static_cast<abi::FaultLabel>((*fault).label), {}};
            std::copy_n((*fault).word, std::size(message.word), message.word);
            end(it, is_exit(message) ? Reason::exit : Reason::fault, &message);
        }
    }
}

void Lifecycle::on_devices()
{
    refusals_.devices_signalled();
    for (;;) {
        auto const event = parts_.devices.next_event();
        Managed* const it = find(event.program);
        if (!it) return;
        if (!event.appeared) {
            end_without_successor(*it);
        } else if (!it->runs() && (it->definition->flags & composition::flag_autostart)) {
            it->policy.forgive();
            (void)make(*it);
        }
    }
}

/// Its device is gone: that is no fault of the program, so there is no record. In the order of
/// end(): while its device is made quiet others run, and it must not.
void Lifecycle::end_without_successor(Managed& it)
{
    it.due = false;
    it.ended_tsc = 0; // a later instance is no recovery
    if (it.runs()) {
        (void)it.process.tcb().suspend();
        (void)it.count_cpu_time();
    }
    publish(it, State::absent);
    dismantle(it);
    refuse_callers(it);
    parts_.report.problem("the device of ", text(it.definition->name), " is gone");
    report_boot();
}

} // namespace supervisor
