// Writes kernel events in the Fuchsia trace format, which Perfetto opens: 64-bit words, one record
// after the other. Where the words go is Out's business: any class with `void word(u64)`. Read back
// by scripts/lib/trace_fxt.py.
// [Fuchsia trace format, "Record Types"; docs/howto/debug.md says how to open one]
#pragma once

#include "abi/event_ring.hpp"
#include <string_view>

namespace shell {

template <class Out> class FxtWriter {
    Out& out_;
    u32 blocked_ = 0; // the thread that blocked last: why it is switched away from

    enum Record : u64 { metadata, initialization, string, thread, event, object = 7, scheduling };
    static constexpr u64 thread_object = 2, process_object = 1;
    /// Numbers of strings in the trace.
    enum Name : u16 {
        first_name = 1, // of events, by kind
        category = first_name + abi::event_count,
        object_word,
        other_word,
        value_word,
        detail_word,
        process_word,
        first_thread_name,
    };

    static constexpr u64 header(Record type, u64 words) { return type | words << 4; }
    static constexpr u64 words_of(std::string_view text) { return (text.size() + 7) / 8; }

    void bytes(std::string_view text)
    {
        for (usize at = 0; at < text.size(); at += 8) {
            u64 word = 0;
            for (usize i = 0; i < 8 && at + i < text.size(); ++i)
                word |= u64{static_cast<u8>(text[at + i])} << 8 * i;
            out_.word(word);
        }
    }
    void name(u16 index, std::string_view text)
    {
        out_.word(header(string, 1 + words_of(text)) | u64{index} << 16 | u64{text.size()} << 32);
        bytes(text);
    }
    /// An argument of 32 bits: one word.
    void argument(u16 word, u32 value)
    {
        constexpr u64 type_u32 = 2;
        out_.word(type_u32 | u64{1} << 4 | u64{word} << 16 | u64{value} << 32);
    }

public:
    explicit FxtWriter(Out& out) : out_{out} {}

    /// What every trace begins with. names: of abi::Event, by number.
    void begin(u64 ticks_per_second, std::string_view const (&names)[abi::event_count])
    {
        constexpr u64 magic = 0x0016'5478'4604'0010, provider_info = 1;
        constexpr std::string_view provider = "hypercore";
        out_.word(magic);
        out_.word(header(metadata, 1 + words_of(provider)) | provider_info << 16 | u64{1} << 20 |
                  u64{provider.size()} << 52);
        bytes(provider);
        out_.word(header(initialization, 2));
        out_.word(ticks_per_second);
        for (u16 i = 1; i < abi::event_count; ++i) name(static_cast<u16>(first_name + i), names[i]);
        name(category, "kernel");
        name(object_word, "object");
        name(other_word, "other");
        name(value_word, "value");
        name(detail_word, "detail");
        name(process_word, "process");
    }

    /// Thread number `index` (from 0, below 200) of program `program`, whose name it gets.
    void describe(u16 index, u32 number, u32 program, std::string_view program_name)
    {
        constexpr u64 type_koid = 8;
        auto const reference = static_cast<u16>(first_thread_name + index);
        name(reference, program_name);
        out_.word(header(object, 2) | process_object << 16 | u64{reference} << 24);
        out_.word(program + u64{1});
        out_.word(header(object, 4) | thread_object << 16 | u64{reference} << 24 | u64{1} << 40);
        out_.word(number);
        out_.word(type_koid | u64{2} << 4 | u64{process_word} << 16);
        out_.word(program + u64{1});
    }

    /// One event; program: of its thread, as described.
    void put(abi::EventRecord const& record, u32 cpu, u32 program)
    {
        constexpr u64 context_switch = u64{1} << 60, wake_up = u64{2} << 60;
        constexpr u64 state_running = 1, state_blocked = 3;
        switch (record.kind) {
        case abi::Event::dispatch: {
            u64 const state = record.other == blocked_ ? state_blocked : state_running;
            out_.word(header(scheduling, 4) | u64{cpu} << 20 | state << 36 | context_switch);
            out_.word(record.time);
            out_.word(record.other);
            out_.word(record.thread);
            blocked_ = 0;
            return;
        }
        case abi::Event::wake:
            out_.word(header(scheduling, 3) | u64{cpu} << 20 | wake_up);
            out_.word(record.time);
            out_.word(record.thread);
            return;
        case abi::Event::block:
            blocked_ = record.thread;
            break;
        default:
            break;
        }
        constexpr u64 arguments = 4;
        auto const kind = static_cast<u16>(record.kind);
        out_.word(header(event, 4 + arguments) | arguments << 20 | u64{category} << 32 |
                  u64(first_name + (kind < abi::event_count ? kind : 0)) << 48);
        out_.word(record.time);
        out_.word(program + u64{1});
        out_.word(record.thread);
        argument(object_word, record.object);
        argument(other_word, record.other);
        argument(value_word, record.value);
        argument(detail_word, record.detail);
    }
};

} // namespace shell
