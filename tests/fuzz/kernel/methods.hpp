// Every method of the kernel with what its arguments mean, a letter each, so that most calls are
// nearly right. Letters of words and capabilities: word_for
// and cap_for in worker.cpp.
#pragma once

#include "abi/extensions.hpp"
#include "abi/labels.hpp"
#include "shared.hpp"

namespace fuzz {

struct Method {
    Kind object;
    abi::Label label;
    char const *words, *caps;
    u8 weight;
};

// clang-format off
inline constexpr Method methods[] = {
    {Kind::untyped,        abi::Label::untyped_retype,            "tz00en",     "c",   30},
    {Kind::frame,          abi::Label::x86_page_map,              "var",        "v",   10},
    {Kind::frame,          abi::page_map_execute_never,           "vra",        "v",   3},
    {Kind::frame,          abi::Label::x86_page_unmap,            "",           "",    3},
    {Kind::frame,          abi::Label::x86_page_get_address,      "",           "",    1},
    {Kind::page_table,     abi::Label::x86_page_table_map,        "va",         "v",   8},
    {Kind::page_table,     abi::Label::x86_page_table_unmap,      "",           "",    2},
    {Kind::page_directory, abi::Label::x86_page_directory_map,    "va",         "v",   8},
    {Kind::page_directory, abi::Label::x86_page_directory_unmap,  "",           "",    1},
    {Kind::pdpt,           abi::Label::x86_pdpt_map,              "va",         "v",   8},
    {Kind::pdpt,           abi::Label::x86_pdpt_unmap,            "",           "",    1},
    {Kind::page_table,     abi::table_harvest,                    "hHf",        "",    3},
    {Kind::page_directory, abi::table_harvest,                    "hHf",        "",    1},
    {Kind::pdpt,           abi::table_harvest,                    "hHf",        "",    1},
    {Kind::cnode,          abi::Label::cnode_revoke,              "sd",         "",    4},
    {Kind::cnode,          abi::Label::cnode_delete,              "sd",         "",    22},
    {Kind::cnode,          abi::Label::cnode_cancel_badged_sends, "Ed",         "",    3},
    {Kind::cnode,          abi::Label::cnode_copy,                "edsdr",      "c",   20},
    {Kind::cnode,          abi::Label::cnode_mint,                "edsdrb",     "c",   20},
    {Kind::cnode,          abi::Label::cnode_move,                "edsd",       "c",   8},
    {Kind::cnode,          abi::Label::cnode_mutate,              "edsdg",      "c",   4},
    {Kind::cnode,          abi::Label::cnode_rotate,              "edgsdgsd",   "cc",  4},
    {Kind::asid_control,   abi::Label::x86_asid_control_make_pool, "ed",        "uc",  2},
    {Kind::asid_pool,      abi::Label::x86_asid_pool_assign,      "",           "v",   4},
    {Kind::tcb,            abi::Label::tcb_read_registers,        "fR",         "",    2},
    {Kind::tcb,            abi::Label::tcb_write_registers,       "fRKKKwwwwwiwwwwwwwwwww", "", 6},
    {Kind::tcb,            abi::Label::tcb_copy_registers,        "f",          "t",   2},
    {Kind::tcb,            abi::Label::tcb_configure,             "G0i",        "cVf", 4},
    {Kind::tcb,            abi::Label::tcb_set_priority,          "p",          "t",   8},
    {Kind::tcb,            abi::Label::tcb_set_mc_priority,       "p",          "t",   2},
    {Kind::tcb,            abi::Label::tcb_set_sched_params,      "pp",         "tse", 8},
    {Kind::tcb,            abi::Label::tcb_set_timeout_endpoint,  "",           "e",   4},
    {Kind::tcb,            abi::Label::tcb_set_ipc_buffer,        "i",          "f",   2},
    {Kind::tcb,            abi::Label::tcb_set_space,             "G0",         "ecV", 4},
    {Kind::tcb,            abi::Label::tcb_suspend,               "",           "",    4},
    {Kind::tcb,            abi::Label::tcb_resume,                "",           "",    16},
    {Kind::tcb,            abi::Label::tcb_bind_notification,     "",           "n",   8},
    {Kind::tcb,            abi::Label::tcb_unbind_notification,   "",           "",    3},
    {Kind::tcb,            abi::Label::tcb_set_tls_base,          "w",          "",    1},
    {Kind::tcb,            abi::Label::tcb_set_flags,             "ff",         "",    1},
    {Kind::tcb,            abi::tcb_set_foreign,                  "f",          "",    3},
    {Kind::irq_handler,    abi::Label::irq_ack_irq,               "",           "",    4},
    {Kind::irq_handler,    abi::Label::irq_set_irq_handler,       "",           "n",   4},
    {Kind::irq_handler,    abi::Label::irq_clear_irq_handler,     "",           "",    2},
    {Kind::domain,         abi::Label::domain_set_set,            "f",          "t",   2},
    {Kind::domain,         abi::Label::domain_schedule_configure, "fUU",        "",    1},
    {Kind::domain,         abi::Label::domain_schedule_set_start, "f",          "",    1},
    {Kind::sched_control,  abi::Label::sched_control_configure_flags, "TUxbf",  "s",   14},
    {Kind::sched_control,  abi::sched_control_configure_feedback, "f",          "s",   8},
    {Kind::sched_control,  abi::sched_control_set_event_ring,     "",           "E",   4},
    {Kind::sched_context,  abi::Label::sched_context_bind,        "",           "B",   14},
    {Kind::sched_context,  abi::Label::sched_context_unbind,      "",           "",    4},
    {Kind::sched_context,  abi::Label::sched_context_unbind_object, "",         "B",   4},
    {Kind::sched_context,  abi::Label::sched_context_consumed,    "",           "",    2},
    {Kind::sched_context,  abi::Label::sched_context_yield_to,    "",           "",    8},
    {Kind::io_port,        abi::Label::x86_io_port_in8,           "P",          "",    1},
    {Kind::io_port,        abi::Label::x86_io_port_in16,          "P",          "",    1},
    {Kind::io_port,        abi::Label::x86_io_port_in32,          "P",          "",    1},
    {Kind::io_port,        abi::Label::x86_io_port_out8,          "Pw",         "",    1},
    {Kind::io_port,        abi::Label::x86_io_port_out16,         "Pw",         "",    1},
    {Kind::io_port,        abi::Label::x86_io_port_out32,         "Pw",         "",    1},
    {Kind::endpoint,       abi::Label::invalid_invocation,        "www",        "any", 1},
    {Kind::reply,          abi::Label::untyped_retype,            "www",        "any", 1},
};
// clang-format on

} // namespace fuzz
