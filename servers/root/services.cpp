// See services.hpp.
#include "services.hpp"

#include "fault/fault_text.hpp"
#include "protocol/memory.hpp"
#include "rpc/serve.hpp"
#include "runtime/runtime.hpp"

namespace root {

namespace {

class Services {
    Serial serial_;
    bool quiet_ = false;

public:
    explicit Services(Serial serial) : serial_{serial} {}

    Result<root_protocol::Print::Reply> on(root_protocol::Print,
                                           root_protocol::Print::Args const& args, rpc::Client)
    {
        if (args.length > root_protocol::max_text) return Error::out_of_range;
        if (!quiet_) serial_.write({args.text, args.length});
        return root_protocol::Print::Reply{};
    }
    Result<root_protocol::Quiet::Reply> on(root_protocol::Quiet, root_protocol::Quiet::Args,
                                           rpc::Client)
    {
        quiet_ = true;
        return root_protocol::Quiet::Reply{};
    }
};

void print_registers(Serial serial, sys::Tcb tcb)
{
    constexpr char const* names[abi::user_context_words] = {
        "rip", "rsp", "rflags", "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp",
        "r8",  "r9",  "r10",    "r11", "r12", "r13", "r14", "r15", "fs",  "gs"};
    auto const registers = tcb.read_registers();
    if (!registers) return;
    u64 const* const words = &(*registers).rip;
    for (u64 i = 0; i < abi::user_context_words; ++i)
        serial.print(i % 4 == 0 ? "\n  " : "  ", names[i], " ", kit::Hex{words[i]});
    serial.print("\n");
}

/// Whether a thread has done all that it was to do.
bool is_end_of(fault::Message const& fault)
{
    return fault.label == abi::FaultLabel::unknown_syscall &&
           fault.word[abi::unknown_syscall::syscall] == runtime::exit_call &&
           fault.word[abi::unknown_syscall::rdi] == 0;
}

[[noreturn]] void tell_death(TrustedBase const& base, composition::Reader const& system,
                             Serial serial, u64 index, fault::Message const& fault, sys::Tcb maker)
{
    spawn::Process const* const member = base.member(index);
    serial.print("\nroot: '", member ? system.program(member->program()).name : "root",
                 "' of the trusted base ", fault::in_words(fault).view());
    print_registers(serial, member ? member->tcb() : maker);
    give_up("the system cannot go on without it");
}

} // namespace

void serve(TrustedBase const& base, composition::Reader const& system, Serial serial,
           sys::Reply reply, Thread& maker)
{
    static constinit rpc::Message message{};
    Services services{serial};
    sys::Endpoint const endpoint = base.endpoint();
    sys::Received received = endpoint.receive(reply);
    for (;;) {
        if (received.badge & memory::fault_bit) {
            auto const fault = fault::Message::of(received);
            u64 const index = received.badge & ~memory::fault_bit;
            if (!is_end_of(fault) || index != system.header().root)
                tell_death(base, system, serial, index, fault, maker.tcb());
            maker.remove();
            base.drop();
            received = endpoint.receive(reply);
            continue;
        }
        rpc::from_kernel(received, message);
        rpc::dispatch(root_protocol::Root{}, services, {received.badge}, message);
        received = endpoint.reply_receive(rpc::to_kernel(message), reply);
    }
}

} // namespace root
