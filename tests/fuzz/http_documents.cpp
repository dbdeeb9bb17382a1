// Fuzzes servers/http/documents: whatever the others have answered, each document is JSON, or was
// cut and is known to be.
#include "servers/http/documents.hpp"
#include "tests/fakes/json_text.hpp"

#include <cstdlib>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    using http_server::Facts;
    static Facts facts;
    static char memory[http_server::Site::max_body_bytes];
    if (size < 5) return 0;
    // The answers: the bytes, over and over, from a place that they choose.
    auto* const bytes = reinterpret_cast<u8*>(&facts);
    usize const from = (data[0] | usize{data[1]} << 8) % size;
    for (usize i = 0; i < sizeof facts; ++i) bytes[i] = data[(from + i) % size];
    // What the server itself keeps.
    facts.programs = data[2] % (Facts::max_programs + 1);
    facts.interrupts = facts.programs ? data[3] % (Facts::max_interrupts + 1) : 0;
    facts.interfaces = data[4] % (Facts::max_interfaces + 1);
    facts.has_network = data[4] & 1;
    for (auto& each : facts.interrupt)
        each.program = facts.programs ? each.program % facts.programs : 0;
    for (u32 i = 1; i < static_cast<u32>(http_server::Resource::count); ++i) {
        text::Writer out{memory};
        http_server::write_document(out, static_cast<http_server::Resource>(i), facts);
        if (!out.was_cut() && !test::is_json(out.view())) std::abort();
    }
    return 0;
}
