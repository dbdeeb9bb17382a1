// The log server: takes lines out of the rings of all programs that log, keeps them (store.hpp),
// and answers those who read (protocol `logread`). Clients' memory is hostile: every record is
// copied once by the ring and every field is cut to what is possible.
#include "program/program.hpp"
#include "program/time.hpp"
#include "servers/log/store.hpp"
#include "text/format.hpp"

namespace {

using log_protocol::Record;
using log_protocol::Shared;

/// One program that logs.
struct Client {
    Shared* shared = nullptr;
    u32 program = composition::no_index;
    queue::Receiver<decltype(Shared::records)> ring;
    bool named = false;
};

/// Where lines are kept when the system gives no memory that outlives us.
alignas(64) u8 own_memory[32 * 1024];

/// Lines that a server has kept when the store cannot be what its predecessors died of. Few: one
/// that is ended by a person twice in a row has not many to keep.
constexpr u32 proof = 2;

class Server {
    program::Program const& self_;
    program::Clock clock_;
    log_server::Store store_;
    Client client_[composition::max_programs];
    u64 client_count_ = 0;
    sys::Notification reader_[composition::max_programs];
    u32 reader_program_[composition::max_programs] = {};
    bool reader_waits_[composition::max_programs] = {};
    bool reader_monitors_[composition::max_programs] = {}; ///< has the right `monitor`
    bool reader_told_of_[composition::max_programs] = {};  ///< the log has what it was refused
    u32 drained_ = 0; // records since the start, as far as lives() cares

public:
    explicit Server(program::Program const& self) : self_{self}, clock_{self}
    {
        std::span<u8> memory{own_memory};
        if (u64 const keep = self.value("keep"); keep != 0)
            memory = {reinterpret_cast<u8*>(keep), self.value("keep.size")};
        auto const found = store_.open(memory);
        client_count_ = clamp(self.clients("log"));
        for (u64 i = 0; i < client_count_; ++i) {
            auto const edge = self.client("log", i);
            client_[i] = {
                edge.memory<Shared>(), edge.peer,
                queue::Receiver<decltype(Shared::records)>{&edge.memory<Shared>()->records}};
        }
        for (u64 i = 0; i < clamp(self.clients("logread")); ++i) {
            auto const edge = self.client("logread", i);
            reader_[i] = edge.signal;
            reader_program_[i] = edge.peer;
            reader_monitors_[i] = edge.monitor;
        }
        publish_filters();
        if (self.epoch() > 1)
            say(found == log_server::Store::Found::kept
                    ? "the log server was replaced; it kept the lines"
                    : "the log server was replaced; its lines were lost");
        drain();
    }

    void on_signal(u64) { drain(); }
    void on_call(u64, u64 client, rpc::Message& message)
    {
        drain();
        rpc::dispatch(log_protocol::LogRead{}, *this, rpc::Client{client}, message);
    }

    Result<log_protocol::Read::Reply> on(log_protocol::Read, log_protocol::Read::Args const& args,
                                         rpc::Client who)
    {
        log_protocol::Read::Reply reply{};
        auto const level = static_cast<u32>(args.level > 3 ? 3 : args.level);
        auto const program = args.program > composition::max_programs
                                 ? composition::no_index
                                 : static_cast<u32>(args.program);
        auto const* const entry = store_.find(args.from, program, level);
        if (who.badge < composition::max_programs) reader_waits_[who.badge] = entry == nullptr;
        if (entry == nullptr) return reply;
        reply.number = entry->number;
        reply.program = entry->program;
        reply.time_us = clock_.microseconds(entry->tsc);
        reply.level = (entry->level & ~log_server::continued) |
                      (entry->level & log_server::continued ? log_protocol::continuation : 0);
        reply.length = entry->length;
        __builtin_memcpy(reply.name, store_.name(entry->program), sizeof reply.name);
        __builtin_memcpy(reply.text, entry->text, entry->length);
        return reply;
    }

    Result<log_protocol::Filter::Reply> on(log_protocol::Filter,
                                           log_protocol::Filter::Args const& args, rpc::Client who)
    {
        if (who.badge >= composition::max_programs || !reader_monitors_[who.badge])
            return refuse_filter(who.badge);
        auto const program = args.program > composition::max_programs
                                 ? composition::no_index
                                 : static_cast<u32>(args.program);
        if (!store_.set_filter(program, args.level)) return Error::bad_argument;
        publish_filters();
        return log_protocol::Filter::Reply{};
    }

private:
    static u64 clamp(u64 count)
    {
        return count < composition::max_programs ? count : composition::max_programs;
    }

    void publish_filters()
    {
        for (u64 i = 0; i < client_count_; ++i)
            if (client_[i].program < composition::max_programs)
                client_[i].shared->level.store(
                    1 + static_cast<u32>(store_.filter(client_[i].program)),
                    std::memory_order_relaxed);
    }

    /// A line of our own.
    void say(std::string_view text, log_protocol::Level level = log_protocol::Level::info)
    {
        store_.set_name(self_.self(), self_.name());
        store_.add(self_.self(), __builtin_ia32_rdtsc(), level, false, text);
    }

    /// Says so, once for each client: a line for each try would push everybody's out of the store.
    Error refuse_filter(u64 reader)
    {
        if (reader < composition::max_programs && !reader_told_of_[reader]) {
            reader_told_of_[reader] = true;
            for (u64 i = 0; i < client_count_; ++i)
                if (client_[i].program == reader_program_[reader]) learn_name(client_[i]);
            text::Line<log_protocol::text_bytes> line;
            text::format(line, "log refuses program {} ('{}') Filter: it has no right to that",
                         reader_program_[reader], store_.name(reader_program_[reader]));
            say(line.view(), log_protocol::Level::warning);
        }
        return Error::missing_rights;
    }

    /// Empties every ring and lets its producer signal again.
    void drain()
    {
        u32 const before = drained_;
        for (bool more = true; more;) {
            more = false;
            // A ring's worth of each in turn: who floods does not keep the others waiting.
            for (u64 i = 0; i < client_count_; ++i) {
                Record record;
                u32 left = decltype(Shared::records)::entries;
                for (; left > 0 && client_[i].ring.pop(record); --left) keep(client_[i], record);
                if (!client_[i].ring.sleep_if_empty()) more = true;
            }
        }
        if (drained_ == before) return;
        if (drained_ >= proof) store_.lives();
        for (u64 i = 0; i < composition::max_programs; ++i) {
            if (!reader_waits_[i]) continue;
            reader_waits_[i] = false;
            reader_[i].signal();
        }
    }

    void learn_name(Client& of)
    {
        if (of.named) return;
        char name[sizeof of.shared->name + 1] = {};
        __builtin_memcpy(name, of.shared->name, sizeof of.shared->name);
        store_.set_name(of.program, name);
        of.named = true;
    }

    void keep(Client& from, Record const& record)
    {
        ++drained_;
        learn_name(from);
        if (record.lost > 0) {
            text::Line<64> line;
            text::format(line, "({} lines lost here)", record.lost);
            store_.add(from.program, record.tsc, log_protocol::Level::warning, false, line.view());
        }
        usize const length =
            record.length < log_protocol::text_bytes ? record.length : log_protocol::text_bytes;
        auto const level = record.level < 3 ? record.level : u8{3};
        store_.add(from.program, record.tsc, static_cast<log_protocol::Level>(level),
                   record.continued != 0, {record.text, length});
    }
};

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static Server server{self};
    program::serve(self, server);
}
