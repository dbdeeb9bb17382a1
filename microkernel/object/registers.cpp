#include "object/registers.hpp"
#include "arch/arch.hpp"

#include <array>

namespace mk {
namespace {

constexpr unsigned index_rip = 0, index_rflags = 2, index_fs_base = 18;

constexpr std::array<u64 Context::*, user_register_count> fields{
    &Context::fault_ip, &Context::rsp, &Context::rflags, &Context::rax,     &Context::rbx,
    &Context::rcx,      &Context::rdx, &Context::rsi,    &Context::rdi,     &Context::rbp,
    &Context::r8,       &Context::r9,  &Context::r10,    &Context::r11,     &Context::r12,
    &Context::r13,      &Context::r14, &Context::r15,    &Context::fs_base, &Context::gs_base};

} // namespace

u64 read_register(Context& context, unsigned i)
{
    context.settle();
    return context.*fields[i];
}

void write_register(Context& context, unsigned i, u64 value)
{
    context.settle();
    if (i == index_rflags) value = arch::sanitise_rflags(value);
    // A base that the CPU refuses to load becomes the canonical one with the same low 48 bits.
    if (i >= index_fs_base) value = u64(i64(value << 16) >> 16);
    context.*fields[i] = value;
    if (i == index_rip) context.rip = value;
}

} // namespace mk
