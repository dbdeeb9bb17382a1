// The loop: calls, faults and signals arrive at one endpoint, and nothing in it waits for anybody.
// Read next: service.cpp (calls), pager.cpp (page faults), boot.cpp (how it begins).
#include "abi/faults.hpp"
#include "program/program.hpp"
#include "runtime/runtime.hpp"
#include "service.hpp"

namespace memory_manager {

namespace {

class Loop {
public:
    Loop(Manager& manager, sys::Endpoint endpoint)
        : m_{manager}, service_{manager}, endpoint_{endpoint}
    {
    }

    [[noreturn]] void run()
    {
        sys::Received received = receive();
        for (;;) {
            bool answer = false;
            sys::Message message{};
            if (received.badge & rpc::signal_bit) {
                m_.on_signal();
            } else if (received.badge & memory::fault_bit) {
                answer = on_fault(received);
            } else {
                message = on_call(received);
                answer = true;
            }
            received = answer ? reply_receive(message) : receive();
        }
    }

private:
    sys::Reply reply() const { return sys::Reply{m_.faults.reply()}; }
    sys::Received receive() { return endpoint_.receive(reply()); }
    sys::Received reply_receive(sys::Message const& message)
    {
        return endpoint_.reply_receive(message, reply());
    }

    sys::Message on_call(sys::Received const& received)
    {
        rpc::from_kernel(received, request_);
        bool const has_capability =
            received.info.extra_caps() > 0 && received.info.caps_unwrapped() == 0;
        service_.begin(has_capability);
        service_.serve({received.badge}, request_);
        u64 const capability = service_.end();
        m_.settle();
        sys::Message answer = rpc::to_kernel(request_);
        if (capability != 0 && answer.label == 0) {
            answer.caps = 1;
            sys::ipc_buffer().caps_or_badges[0] = capability;
        }
        return answer;
    }

    /// True: the thread goes on. False: its fault waits for NextFault.
    bool on_fault(sys::Received const& received)
    {
        auto const label = static_cast<abi::FaultLabel>(received.info.label());
        Space* const space = m_.spaces.find(received.badge & ~memory::fault_bit);
        if (space == nullptr) return false; // its thread ends right now
        u64 reason = 0;
        if (label == abi::FaultLabel::vm_fault) {
            reason = m_.on_page_fault(*space, received.mr[abi::vm_fault::address],
                                      received.mr[abi::vm_fault::fsr]);
            if (reason == 0) return true;
        }
        m_.keep(*space, received, reason);
        return false;
    }

    Manager& m_;
    Service service_;
    sys::Endpoint endpoint_;
    rpc::Message request_{};
};

} // namespace

} // namespace memory_manager

int main(void* argument)
{
    using namespace memory_manager;
    static constinit Manager manager{};
    program::Program const self{argument};
    auto const& from = *reinterpret_cast<handover::Memory const*>(handover::address);
    if (auto const begun = manager.begin(from); !begun) return static_cast<int>(begun.error());
    static Loop loop{manager, self.endpoint()};
    loop.run();
}
