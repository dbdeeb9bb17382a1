// Each method of libs/sys sends the label, words and capabilities that the interface prescribes, in
// the prescribed order, and hands back results and errors.
#include "sys/cnode.hpp"
#include "sys/debug.hpp"
#include "sys/endpoint.hpp"
#include "sys/io_port.hpp"
#include "sys/irq.hpp"
#include "sys/sched_context.hpp"
#include "sys/tcb.hpp"
#include "sys/untyped.hpp"
#include "sys/vspace.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

using abi::Label;
using sys::fake_kernel;

namespace {

abi::IpcBuffer buffer;

/// A message as the kernel would see it.
struct Sent {
    u64 object, label;
    std::vector<u64> words, caps;
    bool operator==(Sent const&) const = default;
};

Sent last_sent()
{
    auto const& call = fake_kernel.calls.back();
    abi::MessageInfo const info{call.in.info};
    Sent sent{call.in.cap_or_badge, info.label(), {}, {}};
    for (u64 i = 0; i < info.length(); ++i)
        sent.words.push_back(i < 4 ? call.in.mr[i] : buffer.msg[i]);
    for (u64 i = 0; i < info.extra_caps(); ++i) sent.caps.push_back(buffer.caps_or_badges[i]);
    return sent;
}

void reset()
{
    buffer = {};
    __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer);
    fake_kernel = {};
}

/// One method: what is called, and what must arrive.
struct Row {
    char const* name;
    std::function<void()> run;
    Label label;
    std::vector<u64> words, caps;
};

constexpr sys::CNode root{20};
constexpr sys::Slot slot{root, 21, 22};
constexpr sys::Slot source{sys::CNode{30}, 31, 32};

std::vector<Row> table()
{
    sys::Untyped const ut{10};
    sys::Tcb const tcb{10}, auth{11};
    sys::SchedContext const sc{10};
    sys::IoPort const port{10};
    sys::VSpace const vs{12};
    using sys::Rights;
    return {
        {"retype",
         [=] { (void)ut.retype(abi::ObjectType::tcb, 5, slot, 7); },
         Label::untyped_retype,
         {1, 5, 0, 0, 21, 7},
         {20}},
        {"retype_into",
         [=] { (void)ut.retype_into(abi::ObjectType::reply, 0, root, 2, 3, 4); },
         Label::untyped_retype,
         {6, 0, 2, 3, 4, 1},
         {20}},
        {"delete",
         [=] {
             (void)sys::Slot{sys::CNode{10}, 21, 22}.remove();
         },
         Label::cnode_delete,
         {21, 22},
         {}},
        {"configure",
         [=] { (void)tcb.configure(root, 8, vs, 0x1000, sys::Frame{13}); },
         Label::tcb_configure,
         {8, 0, 0x1000},
         {20, 12, 13}},
        {"set_space",
         [=] { (void)tcb.set_space(sys::Endpoint{9}, root, 8, vs); },
         Label::tcb_set_space,
         {8, 0},
         {9, 20, 12}},
        {"set_ipc_buffer",
         [=] { (void)tcb.set_ipc_buffer(0x400, sys::Frame{13}); },
         Label::tcb_set_ipc_buffer,
         {0x400},
         {13}},
        {"set_priority",
         [=] { (void)tcb.set_priority(auth, 200); },
         Label::tcb_set_priority,
         {200},
         {11}},
        {"set_mcp",
         [=] { (void)tcb.set_max_controlled_priority(auth, 201); },
         Label::tcb_set_mc_priority,
         {201},
         {11}},
        {"set_sched_params",
         [=] { (void)tcb.set_sched_params(auth, 1, 2, sys::SchedContext{14}, sys::Endpoint{15}); },
         Label::tcb_set_sched_params,
         {1, 2},
         {11, 14, 15}},
        {"set_timeout_endpoint",
         [=] { (void)tcb.set_timeout_endpoint(sys::Endpoint{15}); },
         Label::tcb_set_timeout_endpoint,
         {},
         {15}},
        {"suspend", [=] { (void)tcb.suspend(); }, Label::tcb_suspend, {}, {}},
        {"resume", [=] { (void)tcb.resume(); }, Label::tcb_resume, {}, {}},
        {"bind_notification",
         [=] { (void)tcb.bind_notification(sys::Notification{16}); },
         Label::tcb_bind_notification,
         {},
         {16}},
        {"unbind_notification",
         [=] { (void)tcb.unbind_notification(); },
         Label::tcb_unbind_notification,
         {},
         {}},
        {"set_tls_base",
         [=] { (void)tcb.set_tls_base(0x77); },
         Label::tcb_set_tls_base,
         {0x77},
         {}},
        {"set_flags", [=] { (void)tcb.set_flags(2, 1); }, Label::tcb_set_flags, {2, 1}, {}},
        {"read_registers",
         [=] { (void)tcb.read_registers(true); },
         Label::tcb_read_registers,
         {1, 20},
         {}},
        {"copy_registers",
         [=] { (void)tcb.copy_registers(auth, true, false, true, true); },
         Label::tcb_copy_registers,
         {0xd},
         {11}},
        {"sc bind", [=] { (void)sc.bind(auth); }, Label::sched_context_bind, {}, {11}},
        {"sc unbind", [=] { (void)sc.unbind(); }, Label::sched_context_unbind, {}, {}},
        {"sc unbind_object",
         [=] { (void)sc.unbind_object(auth); },
         Label::sched_context_unbind_object,
         {},
         {11}},
        {"sc consumed", [=] { (void)sc.consumed(); }, Label::sched_context_consumed, {}, {}},
        {"sc yield_to", [=] { (void)sc.yield_to(); }, Label::sched_context_yield_to, {}, {}},
        {"sched control",
         [=] { (void)sys::SchedControl{10}.configure(sys::SchedContext{14}, 1, 2, 3, 4, 5); },
         Label::sched_control_configure_flags,
         {1, 2, 3, 4, 5},
         {14}},
        {"sched control feedback",
         [=] { (void)sys::SchedControl{10}.configure_feedback(sys::SchedContext{14}, true); },
         abi::sched_control_configure_feedback,
         {1},
         {14}},
        {"domain set",
         [=] { (void)sys::DomainSet{10}.set(1, auth); },
         Label::domain_set_set,
         {1},
         {11}},
        {"domain schedule",
         [=] { (void)sys::DomainSet{10}.configure_schedule(1, 2, 3); },
         Label::domain_schedule_configure,
         {1, 2, 3},
         {}},
        {"domain start",
         [=] { (void)sys::DomainSet{10}.set_schedule_start(1); },
         Label::domain_schedule_set_start,
         {1},
         {}},
        {"page map",
         [=] { (void)sys::Frame{10}.map(vs, 0x5000, Rights::read, sys::device_attributes); },
         abi::page_map_execute_never,
         {0x5000, 2, 3},
         {12}},
        {"page map, executable",
         [=] { (void)sys::Frame{10}.map(vs, 0x5000, Rights::read); },
         Label::x86_page_map,
         {0x5000, 2, 0},
         {12}},
        {"page unmap", [=] { (void)sys::Frame{10}.unmap(); }, Label::x86_page_unmap, {}, {}},
        {"page address",
         [=] { (void)sys::Frame{10}.physical_address(); },
         Label::x86_page_get_address,
         {},
         {}},
        {"table map",
         [=] { (void)sys::PageTable{10}.map(vs, 0x200000); },
         Label::x86_page_table_map,
         {0x200000, 0},
         {12}},
        {"directory map",
         [=] { (void)sys::PageDirectory{10}.map(vs, 0x200000); },
         Label::x86_page_directory_map,
         {0x200000, 0},
         {12}},
        {"pdpt unmap", [=] { (void)sys::Pdpt{10}.unmap(); }, Label::x86_pdpt_unmap, {}, {}},
        {"asid assign",
         [=] { (void)sys::AsidPool{10}.assign(vs); },
         Label::x86_asid_pool_assign,
         {},
         {12}},
        {"asid make_pool",
         [=] { (void)sys::AsidControl{10}.make_pool(sys::Cap{9}, slot); },
         Label::x86_asid_control_make_pool,
         {21, 22},
         {9, 20}},
        {"irq ack", [=] { (void)sys::IrqHandler{10}.ack(); }, Label::irq_ack_irq, {}, {}},
        {"irq set",
         [=] { (void)sys::IrqHandler{10}.set_notification(sys::Notification{16}); },
         Label::irq_set_irq_handler,
         {},
         {16}},
        {"irq ioapic",
         [=] { (void)sys::IrqControl{10}.get_ioapic(slot, 0, 4, true, false, 33); },
         Label::x86_irq_issue_irq_handler_ioapic,
         {21, 22, 0, 4, 1, 0, 33},
         {20}},
        {"irq msi",
         [=] { (void)sys::IrqControl{10}.get_msi(slot, 1, 2, 3, 4, 5); },
         Label::x86_irq_issue_irq_handler_msi,
         {21, 22, 1, 2, 3, 4, 5},
         {20}},
        {"port in8", [=] { (void)port.in8(0x3f8); }, Label::x86_io_port_in8, {0x3f8}, {}},
        {"port in16", [=] { (void)port.in16(0x3f8); }, Label::x86_io_port_in16, {0x3f8}, {}},
        {"port in32", [=] { (void)port.in32(0x3f8); }, Label::x86_io_port_in32, {0x3f8}, {}},
        {"port out8", [=] { (void)port.out8(0x3f8, 1); }, Label::x86_io_port_out8, {0x3f8, 1}, {}},
        {"port out32",
         [=] { (void)port.out32(0x3f8, 1); },
         Label::x86_io_port_out32,
         {0x3f8, 1},
         {}},
        {"port issue",
         [=] { (void)sys::IoPortControl{10}.issue(1, 2, slot); },
         Label::x86_io_port_control_issue,
         {1, 2, 21, 22},
         {20}},
    };
}

} // namespace

TEST_CASE("every method sends its label, words and capabilities in order", "[sys]")
{
    for (Row const& row : table()) {
        reset();
        INFO(row.name);
        row.run();
        REQUIRE(fake_kernel.calls.size() == 1);
        CHECK(fake_kernel.calls[0].number == abi::Syscall::call);
        Sent const wanted{10, static_cast<u64>(row.label), row.words, row.caps};
        CHECK((last_sent() == wanted));
    }
}

TEST_CASE("slot operations name the destination first and the source CNode as capability", "[sys]")
{
    reset();
    (void)slot.copy_from(source, sys::Rights::read);
    CHECK((last_sent() == Sent{20, 21, {21, 22, 31, 32, 2}, {30}}));
    (void)slot.mint_from(source, 0xbad9e);
    CHECK((last_sent() == Sent{20, 22, {21, 22, 31, 32, 15, 0xbad9e}, {30}}));
    (void)slot.move_from(source);
    CHECK((last_sent() == Sent{20, 23, {21, 22, 31, 32}, {30}}));
    (void)slot.mutate_from(source, 5);
    CHECK((last_sent() == Sent{20, 24, {21, 22, 31, 32, 5}, {30}}));
    (void)slot.rotate_from(1, sys::Slot{sys::CNode{40}, 41, 42}, 2, source);
    CHECK((last_sent() == Sent{20, 25, {21, 22, 1, 41, 42, 2, 31, 32}, {40, 30}}));
    (void)slot.revoke();
    CHECK((last_sent() == Sent{20, 18, {21, 22}, {}}));
    (void)slot.cancel_badged_sends();
    CHECK((last_sent() == Sent{20, 20, {21, 22}, {}}));
}

TEST_CASE("a refusal comes back with its code and words", "[sys]")
{
    reset();
    fake_kernel.answer = [](auto const&, sys::Registers& out) {
        out.info = abi::MessageInfo(static_cast<u64>(abi::ErrorCode::range_error), 0, 0, 2).word();
        out.mr[0] = 1;
        out.mr[1] = 256;
    };
    auto const result = sys::Untyped{10}.retype(abi::ObjectType::tcb, 0, slot, 1000);
    REQUIRE_FALSE(result);
    CHECK((result.error() == abi::ErrorCode::range_error));
    CHECK(result.error().word[0] == 1);
    CHECK(result.error().word[1] == 256);
    CHECK(sys::IoPort{10}.in8(1).error().code == abi::ErrorCode::range_error);
    CHECK(std::string(sys::name(result.error().code)) == "out of range");
}

TEST_CASE("registers go out and come back in the order of UserContext", "[sys]")
{
    reset();
    abi::UserContext context{};
    u64* const word = &context.rip;
    for (u64 i = 0; i < 20; ++i) word[i] = 100 + i;
    (void)sys::Tcb{10}.write_registers(context, true);
    auto const sent = last_sent();
    REQUIRE(sent.words.size() == 22);
    CHECK(sent.words[0] == 1);
    CHECK(sent.words[1] == 20);
    for (u64 i = 0; i < 20; ++i) CHECK(sent.words[2 + i] == 100 + i);

    fake_kernel.answer = [](auto const&, sys::Registers& out) {
        for (u64 i = 0; i < 20; ++i) (i < 4 ? out.mr[i] : buffer.msg[i]) = 200 + i;
    };
    auto result = sys::Tcb{10}.read_registers();
    REQUIRE(result);
    CHECK(result->rip == 200);
    CHECK(result->rax == 203);
    CHECK(result->rbx == 204);
    CHECK(result->gs_base == 219);
}

TEST_CASE("IPC calls use the registers of the interface", "[sys]")
{
    reset();
    fake_kernel.answer = [](auto const&, sys::Registers& out) {
        out = {0xbad9e, abi::MessageInfo(3, 0, 0, 2).word(), {7, 8, 0, 0}};
    };
    sys::Endpoint const ep{10};
    sys::Message const m{5, 4, 0, {1, 2, 3, 4}};
    auto const got = ep.reply_receive(m, sys::Reply{11});
    CHECK(got.badge == 0xbad9e);
    CHECK(got.info.label() == 3);
    CHECK(got.mr[1] == 8);
    auto call = fake_kernel.calls.back();
    CHECK(call.number == abi::Syscall::reply_recv);
    CHECK(call.reply == 11);
    CHECK(call.in.mr[3] == 4);
    CHECK(call.in.info == abi::MessageInfo(5, 0, 0, 4).word());

    (void)ep.send_receive(sys::Cap{12}, m, sys::Reply{11});
    call = fake_kernel.calls.back();
    CHECK(call.number == abi::Syscall::nb_send_recv);
    CHECK(call.in.cap_or_badge == 10); // the source
    CHECK(call.reply == 11);
    CHECK(call.destination == 12);

    CHECK(sys::Notification{13}.wait() == 0xbad9e);
    CHECK(fake_kernel.calls.back().number == abi::Syscall::wait);
    CHECK(sys::Notification{13}.poll() == 0xbad9e);
    CHECK(fake_kernel.calls.back().number == abi::Syscall::nb_wait);
}

TEST_CASE("debug output prints numbers in full", "[sys]")
{
    reset();
    sys::debug::put_hex(0x1f0);
    sys::debug::put_hex(0);
    sys::debug::put_number(0);
    sys::debug::put_number(18446744073709551615u);
    std::string text;
    for (auto const& call : fake_kernel.calls) text += static_cast<char>(call.in.cap_or_badge);
    CHECK(text == "0x1f00x0018446744073709551615");
}
