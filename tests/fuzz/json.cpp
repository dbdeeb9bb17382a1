// Fuzzes libs/json: whatever a string holds, what is written is one quoted string of UTF-8 with
// nothing in it that would end it or that JSON forbids.
#include "json/writer.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    static char memory[6 * 4096 + 2];
    if (size > 4096) return 0;
    text::Writer out{memory};
    json::write_string(out, {reinterpret_cast<char const*>(data), size});
    std::string_view const written = out.view();
    if (out.was_cut() || written.size() < 2 || written.front() != '"' || written.back() != '"')
        std::abort();
    text::Utf8Decoder decoder;
    for (usize i = 1; i + 1 < written.size(); ++i) {
        char const c = written[i];
        if (c == '"' || (static_cast<u8>(c) < ' ')) std::abort();
        if (c == '\\') {
            char const what = written[++i];
            if (what != '"' && what != '\\' && what != 'u') std::abort();
            if (i + 1 >= written.size()) std::abort();
            if (what == 'u') i += 4;
            continue;
        }
        bool const was_pending = decoder.pending();
        auto const step = decoder.decode(static_cast<u8>(c));
        // A replacement that comes of bad bytes would end a sequence early.
        if (was_pending && (static_cast<u8>(c) & 0xc0) != 0x80) std::abort();
        if (step.count > 1) std::abort();
    }
    if (decoder.pending()) std::abort();
    return 0;
}
