// Serves protocol `trial`: answers, and misbehaves when asked, so that tests see how the supervisor
// ends and replaces a program.
#include "log/logger.hpp"
#include "protocol/trial.hpp"

namespace {

class Victim {
    program::Program const& self_;
    logging::Logger log_{self_};

public:
    explicit Victim(program::Program const& self) : self_{self} {}

    void on_signal(u64) {}
    void on_call(u64, u64 client, rpc::Message& message)
    {
        rpc::dispatch(trial::Trial{}, *this, {client}, message);
    }
    Result<trial::Echo::Reply> on(trial::Echo, trial::Echo::Args const& args, rpc::Client)
    {
        return trial::Echo::Reply{args.value};
    }
    // A function of its own, for the backtrace.
    [[gnu::noinline]] Result<trial::Misbehave::Reply>
    on(trial::Misbehave, trial::Misbehave::Args const& args, rpc::Client)
    {
        log_.info("about to misbehave in way {}", args.how);
        switch (args.how) {
        case trial::fault:
            *reinterpret_cast<u64 volatile*>(trial::bad_address) = 1;
            break;
        case trial::exit:
            runtime::exit(trial::exit_status);
        case trial::loop:
            for (u64 volatile spins = 0;;) spins = spins + 1;
        case trial::give_up:
            self_.status().failed.store(trial::gave_up_code, std::memory_order_release);
            self_.cap<sys::Notification>("supervisor").signal();
            [[fallthrough]];
        case trial::hold:
            for (;;) self_.wake().wait();
        }
        return Error::bad_argument;
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    while (std::string_view{self.name()} == "mute") self.beat(self.wake().wait()); // never ready
    Victim victim{self};
    program::serve(self, victim);
}
