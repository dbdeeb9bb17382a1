// What a message carries: 0 to 120 words and 0 to 3 capabilities through every pair of a sending
// and a receiving system call, capabilities that are unwrapped, receive slots that cannot be used.
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

constexpr Word pattern(Word index)
{
    return 0xc0de'0000'0000 + index * 0x1'0001;
}

/// Fills the words that lie in a thread's IPC buffer.
void fill(seL4_IPCBuffer& buffer)
{
    for (Word i = 0; i < seL4_MsgMaxLength; ++i) buffer.msg[i] = pattern(i);
}

Word word_of(Operation const& received, seL4_IPCBuffer const& buffer, Word index)
{
    return index < 4 ? received.out[index] : buffer.msg[index];
}

void check_words(Operation const& received, seL4_IPCBuffer const& buffer, Word length)
{
    REQUIRE_EQ(received.length(), length);
    for (Word i = 0; i < length; ++i) REQUIRE_EQ(word_of(received, buffer, i), pattern(i));
    // Nothing beyond the message was written.
    for (Word i = length < 4 ? 4 : length; i < seL4_MsgMaxLength; ++i)
        REQUIRE_EQ(buffer.msg[i], 0xdead);
}

void poison(seL4_IPCBuffer& buffer)
{
    for (Word& word : buffer.msg) word = 0xdead;
}

constexpr std::initializer_list<Word> head = {pattern(0), pattern(1), pattern(2), pattern(3)};

/// A sender's operations: one of the sending calls.
enum class Sending { send, nb_send, call, nb_send_recv, nb_send_wait };
constexpr Sending all_sending[] = {Sending::send, Sending::nb_send, Sending::call,
                                   Sending::nb_send_recv, Sending::nb_send_wait};

Operation sending(Sending how, Slot ep, Word info)
{
    switch (how) {
    case Sending::send:
        return send(ep, info, head);
    case Sending::nb_send:
        return nb_send(ep, info, head);
    case Sending::nb_send_recv:
        return nb_send_recv(ep, never(), make(seL4_ReplyObject), info, head);
    case Sending::nb_send_wait:
        return nb_send_wait(ep, never(), info, head);
    default:
        return call(ep, info, head);
    }
}

enum class Receiving { recv, nb_recv, wait, nb_wait, reply_recv, nb_send_recv, nb_send_wait };
constexpr Receiving all_receiving[] = {
    Receiving::recv,       Receiving::nb_recv,      Receiving::wait,        Receiving::nb_wait,
    Receiving::reply_recv, Receiving::nb_send_recv, Receiving::nb_send_wait};

Operation receiving(Receiving how, Slot ep, Slot reply)
{
    switch (how) {
    case Receiving::recv:
        return recv(ep, reply);
    case Receiving::nb_recv:
        return nb_recv(ep, reply);
    case Receiving::wait:
        return wait(ep);
    case Receiving::nb_wait:
        return nb_wait(ep);
    case Receiving::reply_recv:
        return reply_recv(ep, reply);
    case Receiving::nb_send_recv:
        return nb_send_recv(never(), ep, reply);
    default:
        return nb_send_wait(never(), ep);
    }
}

void every_sending_call_carries_every_length()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Thread &sender = make_thread(), &receiver = make_thread();
    for (Sending how : all_sending) {
        static Operation out, in;
        out = sending(how, ep, 0);
        for (Word length = 0; length <= seL4_MsgMaxLength; ++length) {
            fill(*sender.buffer);
            poison(*receiver.buffer);
            in = recv(ep, reply);
            rerun(receiver, {&in, 1});
            out.info = message(length, length);
            rerun(sender, {&out, 1});
            REQUIRE(in.done);
            REQUIRE_EQ(in.label(), length);
            check_words(in, *receiver.buffer, length);
        }
    }
}

void every_receiving_call_takes_every_length()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Thread &sender = make_thread(), &receiver = make_thread();
    for (Receiving how : all_receiving)
        for (Word length = 0; length <= seL4_MsgMaxLength; ++length) {
            static Operation out, in;
            fill(*sender.buffer);
            poison(*receiver.buffer);
            out = send(ep, message(length, length), head);
            rerun(sender, {&out, 1});
            REQUIRE(!out.done);
            in = receiving(how, ep, reply);
            rerun(receiver, {&in, 1});
            REQUIRE(in.done && out.done);
            check_words(in, *receiver.buffer, length);
        }
}

void replies_carry_every_length()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Thread& caller = make_thread();
    for (Word length = 0; length <= seL4_MsgMaxLength; ++length) {
        static Operation out;
        out = call(ep, message(1, 0));
        poison(*caller.buffer);
        rerun(caller, {&out, 1});
        REQUIRE_EQ(now(nb_recv(ep, reply)).label(), 1);
        fill(*seL4_GetIPCBuffer());
        now(send(reply, message(9, length), head));
        REQUIRE(out.done);
        REQUIRE_EQ(out.label(), 9);
        check_words(out, *caller.buffer, length);
    }
}

void lengths_beyond_the_limit_are_cut()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Thread &sender = make_thread(), &receiver = make_thread();
    for (Word length = seL4_MsgMaxLength + 1; length < 128; ++length) {
        static Operation out, in;
        fill(*sender.buffer);
        poison(*receiver.buffer);
        in = recv(ep, reply);
        rerun(receiver, {&in, 1});
        out = send(ep, message(2, length), head);
        rerun(sender, {&out, 1});
        REQUIRE(in.done);
        check_words(in, *receiver.buffer, seL4_MsgMaxLength);
    }
}

void labels_arrive_whole()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation in = recv(ep, reply);
    run_operation(in);
    now(send(ep, ~Word{0} << 12));
    CHECK_EQ(in.out_info, ~Word{0} << 12);
    // Bits for capabilities unwrapped are the receiver's, not the sender's.
    Operation again = recv(ep, reply);
    run_operation(again);
    now(send(ep, Word{7} << 9));
    CHECK(again.done);
    CHECK_EQ(again.unwrapped(), 0);
}

/// Sends `count` capabilities through `through` to a receiver with one free slot.
Operation send_caps(Slot through, Slot ep, std::initializer_list<Slot> caps, Slot target,
                    seL4_IPCBuffer const** buffer = nullptr)
{
    static Operation in;
    in = recv(ep, make(seL4_ReplyObject));
    Thread& receiver = make_thread();
    receiver.buffer->receiveCNode = root_cnode;
    receiver.buffer->receiveIndex = target;
    receiver.buffer->receiveDepth = depth;
    rerun(receiver, {&in, 1});
    int at = 0;
    for (Slot cap : caps) seL4_SetCap(at++, cap);
    now(send(through, message(1, 1, caps.size()), {42}));
    REQUIRE(in.done);
    CHECK_EQ(in.out[0], 42);
    if (buffer) *buffer = receiver.buffer;
    return in;
}

void one_capability_is_copied()
{
    Slot const ep = make(seL4_EndpointObject), cap = make(seL4_NotificationObject);
    Slot const target = new_slots();
    Operation const in = send_caps(ep, ep, {mint(cap, 0x77)}, target);
    CHECK_EQ(in.extra_caps(), 1);
    CHECK_EQ(in.unwrapped(), 0);
    seL4_Signal(target);
    CHECK_EQ(now(nb_wait(cap)).badge, 0x77);
    // The sender keeps his; the copy is a child like any other.
    CHECK_OK(seL4_CNode_Revoke(root_cnode, cap, depth));
    CHECK(is_empty(target));
}

void capabilities_to_the_endpoint_itself_are_unwrapped()
{
    Slot const ep = make(seL4_EndpointObject), target = new_slots();
    seL4_IPCBuffer const* buffer;
    Operation const in =
        send_caps(ep, ep, {mint(ep, 0xb1), mint(ep, 0xb2), mint(ep, 0xb3)}, target, &buffer);
    CHECK_EQ(in.extra_caps(), 3);
    CHECK_EQ(in.unwrapped(), 7);
    CHECK_EQ(buffer->caps_or_badges[0], 0xb1);
    CHECK_EQ(buffer->caps_or_badges[1], 0xb2);
    CHECK_EQ(buffer->caps_or_badges[2], 0xb3);
    CHECK(is_empty(target));
}

void unwrapped_and_copied_mix()
{
    Slot const ep = make(seL4_EndpointObject), cap = make(seL4_NotificationObject);
    struct Row {
        bool same[3];
        Word extra, unwrapped;
    };
    // One capability fits into the slot; what follows a second one is cut off.
    constexpr Row rows[] = {
        {{false, true, true}, 3, 6},  {{true, false, true}, 3, 5},  {{true, true, false}, 3, 3},
        {{false, false, true}, 1, 0}, {{false, true, false}, 2, 2}, {{true, false, false}, 2, 1},
    };
    for (Row const& row : rows) {
        Slot const target = new_slots();
        Slot caps[3];
        for (int i = 0; i < 3; ++i) caps[i] = row.same[i] ? mint(ep, 0xe0) : mint(cap, 1);
        Operation const in = send_caps(ep, ep, {caps[0], caps[1], caps[2]}, target);
        CHECK_EQ(in.extra_caps(), row.extra);
        CHECK_EQ(in.unwrapped(), row.unwrapped);
        CHECK(!is_empty(target));
    }
}

void without_grant_no_capability_goes()
{
    Slot const ep = make(seL4_EndpointObject), cap = make(seL4_NotificationObject);
    for (Word some_rights : {Word{1}, Word{3}, Word{9}}) {
        Slot const target = new_slots();
        Operation const in =
            send_caps(copy(ep, rights(some_rights)), ep, {cap, mint(ep, 5)}, target);
        CHECK_EQ(in.extra_caps(), 0);
        CHECK_EQ(in.unwrapped(), 0);
        CHECK(is_empty(target));
    }
}

void a_bad_receive_slot_loses_the_capability_only()
{
    Slot const ep = make(seL4_EndpointObject), cap = make(seL4_NotificationObject);
    Slot const occupied = make(seL4_EndpointObject);
    Operation const full = send_caps(ep, ep, {cap}, occupied);
    CHECK_EQ(full.extra_caps(), 0);
    Operation const outside = send_caps(ep, ep, {cap}, ~Slot{0} >> 1);
    CHECK_EQ(outside.extra_caps(), 0);
    // Badges before the failure arrive.
    seL4_IPCBuffer const* buffer;
    Operation const mixed = send_caps(ep, ep, {mint(ep, 0x99), cap}, occupied, &buffer);
    CHECK_EQ(mixed.extra_caps(), 1);
    CHECK_EQ(mixed.unwrapped(), 1);
    CHECK_EQ(buffer->caps_or_badges[0], 0x99);
}

void a_missing_capability_stops_the_send()
{
    Slot const ep = make(seL4_EndpointObject), empty_address = ~Slot{0} >> 3;
    Slot const fault_ep = make(seL4_EndpointObject);
    Operation in = recv(ep, make(seL4_ReplyObject));
    run_operation(in);
    ThreadConfig config;
    config.fault_ep = fault_ep;
    Thread& sender = make_thread(config);
    sender.buffer->caps_or_badges[0] = empty_address;
    Operation out = send(ep, message(1, 0, 1));
    rerun(sender, {&out, 1});
    CHECK(!in.done && !out.done);
    Operation const fault = now(nb_recv(fault_ep, make(seL4_ReplyObject)));
    CHECK_EQ(fault.label(), seL4_Fault_CapFault);
    CHECK_EQ(fault.out[1], empty_address);
    CHECK_EQ(fault.out[2], 0); // send phase
}

void replies_carry_capabilities_by_their_grant()
{
    Slot const cap = make(seL4_NotificationObject);
    for (bool grant : {true, false}) {
        Slot const ep = make(seL4_EndpointObject), target = new_slots();
        Slot const reply = make(seL4_ReplyObject);
        Thread& caller = make_thread();
        caller.buffer->receiveCNode = root_cnode;
        caller.buffer->receiveIndex = target;
        caller.buffer->receiveDepth = depth;
        static Operation out;
        out = call(ep, message(1, 0));
        rerun(caller, {&out, 1});
        now(recv(ep, reply));
        seL4_SetCap(0, cap);
        now(send(grant ? reply : copy(reply, rights(3)), message(2, 0, 1)));
        CHECK(out.done);
        CHECK_EQ(out.extra_caps(), grant);
        CHECK_EQ(is_empty(target), !grant);
    }
}

/// Sends so many capabilities by `out`, which another thread receives by `in`; whoever has to wait
/// starts first.
void exchange_caps(Operation out, Operation in, bool receiver_first, Word count, Slot ep, Slot cap)
{
    static Operation sent, received;
    sent = out;
    sent.info = message(1, 0, count);
    received = in;
    Thread &sender = make_thread(), &receiver = make_thread();
    Slot const target = new_slots();
    receiver.buffer->receiveCNode = root_cnode;
    receiver.buffer->receiveIndex = target;
    receiver.buffer->receiveDepth = depth;
    Slot const caps[] = {mint(ep, 0xb0), cap, mint(ep, 0xb2)};
    for (int i = 0; i < 3; ++i) sender.buffer->caps_or_badges[i] = caps[i];
    if (receiver_first) rerun(receiver, {&received, 1});
    rerun(sender, {&sent, 1});
    if (!receiver_first) rerun(receiver, {&received, 1});
    REQUIRE(received.done);
    CHECK_EQ(received.extra_caps(), count);
    CHECK_EQ(received.unwrapped(), count == 0 ? 0 : count == 3 ? 5 : 1);
    if (count >= 1) CHECK_EQ(receiver.buffer->caps_or_badges[0], 0xb0);
    if (count == 3) CHECK_EQ(receiver.buffer->caps_or_badges[2], 0xb2);
    CHECK_EQ(is_empty(target), count < 2);
    sender.suspend();
    receiver.suspend();
    forget_threads();
}

void every_call_carries_capabilities()
{
    Slot const ep = make(seL4_EndpointObject), cap = make(seL4_NotificationObject);
    for (Word count = 0; count <= seL4_MsgMaxExtraCaps; ++count) {
        for (Sending how : all_sending)
            exchange_caps(sending(how, ep, 0), recv(ep, make(seL4_ReplyObject)), true, count, ep,
                          cap);
        for (Receiving how : all_receiving)
            exchange_caps(send(ep), receiving(how, ep, make(seL4_ReplyObject)), false, count, ep,
                          cap);
    }
}

constexpr Case cases[] = {
    {"every sending system call carries 0 to 120 words", every_sending_call_carries_every_length},
    {"every receiving system call takes 0 to 120 words", every_receiving_call_takes_every_length},
    {"replies carry 0 to 120 words", replies_carry_every_length},
    {"lengths of 121 to 127 are cut to 120", lengths_beyond_the_limit_are_cut},
    {"labels arrive with all 52 bits, and nothing else of the tag", labels_arrive_whole},
    {"a capability is copied into the receive slot", one_capability_is_copied},
    {"capabilities to the endpoint itself arrive as badges",
     capabilities_to_the_endpoint_itself_are_unwrapped},
    {"badges and one copied capability mix in any order", unwrapped_and_copied_mix},
    {"every sending and receiving system call carries 0 to 3 capabilities",
     every_call_carries_capabilities},
    {"without Grant the message arrives and no capability", without_grant_no_capability_goes},
    {"a receive slot that cannot be used loses the capability, not the message",
     a_bad_receive_slot_loses_the_capability_only},
    {"a capability that cannot be found stops the Send with a fault",
     a_missing_capability_stops_the_send},
    {"a reply carries capabilities if the Reply capability has Grant",
     replies_carry_capabilities_by_their_grant},
};

} // namespace

Suite const transfer_suite = cases;

} // namespace kt
