// pong answers every call with the number it got plus one, and says who asked. The whole of a
// server in seL4's style: one receive, then for ever "answer and wait for the next" in one system
// call (ReplyRecv). Its client is ../ping.
#include "runtime/arguments.hpp"
#include "runtime/runtime.hpp"
#include "sys/endpoint.hpp"

int main(void* argument)
{
    auto const& arguments = *static_cast<runtime::Arguments const*>(argument);
    sys::Endpoint const endpoint{arguments.value("pong")};
    // A Call leaves the right to answer it in this object; the answer uses it up.
    sys::Reply const reply{arguments.value("reply")};

    sys::Received request = endpoint.receive(reply);
    for (;;) {
        // The badge is written into the client's capability by whoever made it
        // (servers/lesson/root): the client cannot forge it, so it says who called.
        sys::Message const answer{0, 2, 0, {request.mr[0] + 1, request.badge}};
        request = endpoint.reply_receive(answer, reply);
    }
}
