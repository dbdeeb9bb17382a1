// The monitor shell: reads lines from its console and runs them. Its authority is the right
// `monitor` of its manifest and the protocols that are named there; commands.cpp lists what it
// knows.
#include "servers/shell/shell.hpp"

namespace {

/// Tab: commands for the first word, programs for words of commands that take one.
class Names final : public shell::Completer {
    shell::Shell& shell_;
    u64 program_ = 0; // goes on behind the last candidate given

public:
    explicit Names(shell::Shell& shell) : shell_{shell} {}

    std::string_view candidate(std::string_view before, std::string_view word, usize index) override
    {
        std::string_view rest = before;
        if (auto const last = rest.rfind(';'); last < rest.size()) rest.remove_prefix(last + 1);
        shell::Words const words = shell::next_command(rest);
        if (words.count == 0) return command(word, index);
        for (shell::Command const& each : shell::commands())
            if (each.name == words[0])
                return each.name == "help"  ? command(word, index)
                       : each.takes_program ? program(word, index)
                                            : std::string_view{};
        return {};
    }

private:
    static std::string_view command(std::string_view word, usize index)
    {
        for (shell::Command const& each : shell::commands())
            if (each.name.starts_with(word) && index-- == 0) return each.name;
        return {};
    }
    std::string_view program(std::string_view word, usize index)
    {
        if (index == 0) program_ = 0;
        while (program_ < composition::max_programs) {
            std::string_view const name = shell_.name(program_++);
            if (name != "?" && name.starts_with(word)) return name;
        }
        return {};
    }
};

[[noreturn]] void run(shell::Shell& shell)
{
    Names names{shell};
    static shell::LineEditor editor{shell.out, names};
    for (int status = 0;;) {
        text::Line<32> prompt;
        if (status == 0)
            prompt.write("hypercore> ");
        else
            text::format(prompt, "hypercore[{}]> ", status);
        editor.begin(prompt.view());
        auto event = shell::LineEditor::Event::editing;
        while (event == shell::LineEditor::Event::editing) event = editor.type(shell.out.read());
        status = event == shell::LineEditor::Event::line ? shell.run(editor.line()) : 0;
    }
}

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static shell::Shell shell{self};
    self.ready();
    shell.out.wait_for_start(); // the console shows how the system started before we speak
    auto const& clock = shell.out.clock();
    if (self.epoch() > 1)
        shell.out.write("\r\nthe shell was replaced\r\n");
    else if (clock.is_set())
        shell.out.print("{} from the kernel's start to the prompt; help shows the commands\r\n",
                        text::time(clock.now() / 1000));
    else
        shell.out.write("help shows the commands\r\n");
    run(shell);
}
