// Bytes typed at the shell: the line stays within its bounds and is UTF-8, and every command cut
// off it is part of it.
#include "servers/shell/line_editor.hpp"
#include "servers/shell/words.hpp"

namespace {

struct Nowhere final : shell::Sink {
    void write(std::string_view) override {}
};
struct Names final : shell::Completer {
    std::string_view candidate(std::string_view, std::string_view word, usize index) override
    {
        constexpr std::string_view names[] = {"disk0", "disk1", "display", "größe"};
        for (auto const each : names)
            if (each.starts_with(word) && index-- == 0) return each;
        return {};
    }
};

void check(std::string_view line)
{
    if (line.size() > shell::LineEditor::capacity) __builtin_trap();
    text::Utf8Decoder decoder;
    for (char const c : line) decoder.decode(static_cast<u8>(c));
    if (decoder.pending()) __builtin_trap();
    for (std::string_view rest = line; !rest.empty();) {
        auto const words = shell::next_command(rest);
        for (usize i = 0; i < words.count; ++i)
            if (words[i].data() < line.data() ||
                words[i].data() + words[i].size() > line.data() + line.size())
                __builtin_trap();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    Nowhere out;
    Names names;
    shell::LineEditor editor{out, names};
    editor.begin("> ");
    for (usize i = 0; i < size; ++i) {
        auto const event = editor.type(data[i]);
        check(editor.line());
        if (event != shell::LineEditor::Event::editing) editor.begin("> ");
    }
    return 0;
}
