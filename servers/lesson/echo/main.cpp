// echo stands between the UART driver and the root server. It shows what is typed, makes lines of
// it, answers `echo` lines itself and hands every other line to the root; and it prints what the
// root has to say. It is the only one that writes to the driver, so nothing is printed out of
// order.
//
//   keys -> [uart16550] -> receive ring -> echo -> Call -> [root]
//   text <- [uart16550] <- transmit ring <- echo <- root's ring <- [root]
#include "line_editor.hpp"
#include "protocol/lesson.hpp"
#include "protocol/serial.hpp"
#include "queue/byte_ring.hpp"
#include "rpc/channel.hpp"
#include "runtime/arguments.hpp"
#include "runtime/runtime.hpp"
#include "sys/endpoint.hpp"
#include <string_view>

namespace {

class Echo {
    sys::Notification wake_, driver_;
    rpc::Channel root_;
    queue::Consumer typed_, root_text_;
    queue::Producer out_;
    echo::LineEditor editor_;
    bool root_busy_ = true; // until the root says that its prompt is printed
    bool repeat_ = false;   // echo mode: lines come back until an empty one
    bool flush_ = false;

public:
    explicit Echo(runtime::Arguments const& arguments)
        : wake_{arguments.value("wake")}, driver_{arguments.value("uart.wake")},
          root_{sys::Endpoint{arguments.value("root")}}, typed_{ring(arguments, "receive")},
          root_text_{ring(arguments, "root.text")}, out_{ring(arguments, "transmit")}
    {
    }

    [[noreturn]] void run()
    {
        for (;;) {
            u64 const events = wake_.wait();
            // The root writes its text before it signals: what it said comes first.
            print_root_text();
            if (events & lesson::prompt_event) root_busy_ = false;
            if (events & lesson::flush_event) flush_ = true;
            if (flush_) try_flush();
            u8 byte = 0;
            while (!root_busy_ && typed_.pop(byte)) type(static_cast<char>(byte));
        }
    }

private:
    static queue::ByteRing* ring(runtime::Arguments const& arguments, char const* name)
    {
        return reinterpret_cast<queue::ByteRing*>(arguments.value(name));
    }

    /// A full ring: the driver is slower than we are. It signals when it has caught up.
    void put(char c)
    {
        while (!out_.push(static_cast<u8>(c))) wait_for_driver();
    }

    void print(std::string_view text)
    {
        if (text.empty()) return;
        for (char const c : text) put(c);
        driver_.signal();
    }

    /// The signal may carry other events too: they must not be lost, so they are put back.
    void wait_for_driver()
    {
        driver_.signal();
        u64 const events = wake_.wait();
        if (events & lesson::prompt_event) root_busy_ = false;
        if (events & lesson::flush_event) flush_ = true;
    }

    void print_root_text()
    {
        u8 byte = 0;
        bool any = false;
        for (; root_text_.pop(byte); any = true) put(static_cast<char>(byte));
        if (any) driver_.signal();
    }

    /// The driver signals us again when the last byte is out, so it is enough to look then.
    void try_flush()
    {
        if (!out_.empty()) return;
        flush_ = false;
        (void)rpc::call<lesson::Supervisor, lesson::Flushed>(root_, {});
    }

    void type(char c)
    {
        auto const step = editor_.type(c);
        print(step.show);
        if (!step.complete) return;
        if (editor_.was_cut()) print("(line cut after 80 characters)\r\n");
        take_line(editor_.line());
        editor_.clear();
    }

    void take_line(std::string_view line)
    {
        if (repeat_) {
            repeat_ = !line.empty();
            print(line);
            print(repeat_ ? "\r\n" : "echo mode ends\r\nhypercore> ");
        } else if (line == "echo") {
            repeat_ = true;
            print("echo mode: every line comes back; an empty line ends it\r\n");
        } else if (line.starts_with("echo ")) {
            line.remove_prefix(5);
            print(line);
            print("\r\nhypercore> ");
        } else {
            send_to_root(line);
        }
    }

    void send_to_root(std::string_view line)
    {
        lesson::Line::Args args{line.size(), {}};
        for (usize i = 0; i < line.size(); ++i) args.text[i] = line[i];
        root_busy_ = true; // before the call: the root may be done before it returns
        if (!rpc::call<lesson::Supervisor, lesson::Line>(root_, args)) {
            root_busy_ = false;
            print("echo: the root server refused this line\r\n");
        }
    }
};

} // namespace

int main(void* argument)
{
    Echo{*static_cast<runtime::Arguments const*>(argument)}.run();
}
