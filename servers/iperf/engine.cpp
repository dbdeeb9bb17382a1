// See engine.hpp.
#include "servers/iperf/engine.hpp"

namespace iperf_server {

namespace {

constexpr u64 most_microseconds = u64{86400} * 1'000'000, most_bytes = u64{1} << 60,
              most_rate = 1'000'000'000'000;

bool is_sound(iperf::Begin::Args const& args)
{
    if (args.options & ~iperf::all_options || args.port == 0 || args.port > 65535) return false;
    if (args.options & iperf::is_server) return true;
    bool const ends = args.bytes > 0
                          ? args.bytes <= most_bytes
                          : args.microseconds > 0 && args.microseconds <= most_microseconds;
    bool const fits = args.size >= iperf::least_datagram && args.size <= iperf::most_datagram;
    return ends && args.rate <= most_rate && (fits || !(args.options & iperf::is_datagram)) &&
           !net::is_any(args.address);
}

} // namespace

Result<iperf::Begin::Reply> Engine::begin(iperf::Begin::Args const& args)
{
    if (!is_sound(args)) return Error::bad_argument;
    stop();
    wanted_ = args;
    waits_ = true;
    return iperf::Begin::Reply{results_.last()};
}

void Engine::stop()
{
    waits_ = false;
    if (job_ != nullptr) job_->stop();
}

iperf::Next::Reply Engine::next(u64 after) const
{
    auto reply = results_.behind(after);
    reply.state = static_cast<u64>(state());
    return reply;
}

iperf::State Engine::state() const
{
    if (waits_) return iperf::State::beginning;
    if (job_ == nullptr || !job_->is_running()) return iperf::State::over;
    return job_->is_ready() ? iperf::State::ready : iperf::State::beginning;
}

Job& Engine::job_for(u64 options)
{
    bool const server = options & iperf::is_server;
    if (options & iperf::is_datagram)
        return server ? static_cast<Job&>(datagram_receiver_) : datagram_sender_;
    return server ? static_cast<Job&>(stream_receiver_) : stream_sender_;
}

/// What the last one has left in the memory is sent to nobody.
void Engine::start()
{
    if (!desk_.memory) {
        auto memory = net::Buffer::take(desk_.client.arena(), Desk::memory_bytes);
        if (!memory) return;
        desk_.memory = std::move(*memory);
    }
    __builtin_memset(desk_.memory.data(), 0, Desk::memory_bytes);
    waits_ = false;
    job_ = &job_for(wanted_.options);
    job_->begin(wanted_);
}

u64 Engine::poll(u64 now)
{
    desk_.now = now;
    net::Outcome outcome{};
    for (u32 i = 0; i < outcomes_in_turn && desk_.client.next(outcome); ++i) {
        --desk_.pending;
        if (job_ != nullptr) job_->take(outcome);
    }
    if (job_ != nullptr && job_->is_over() && desk_.pending == 0) job_ = nullptr;
    if (waits_ && job_ == nullptr && desk_.client.online()) start();
    if (job_ != nullptr && !job_->is_over()) job_->run();
    desk_.client.wake_server();
    return job_ != nullptr && !job_->is_over() ? job_->deadline() : never;
}

bool Engine::has_news()
{
    iperf::State const now = state();
    bool const news = results_.last() != told_results_ || now != told_state_;
    told_results_ = results_.last();
    told_state_ = now;
    return news;
}

} // namespace iperf_server
