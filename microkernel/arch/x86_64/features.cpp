// CPU feature detection and control registers. Called from boot/main.cpp before page tables.
#include "features.hpp"

#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "instructions.hpp"
#include "paging_bits.hpp"

namespace mk {

constinit Features features{};

namespace {

using namespace x86;

// CR0
constexpr u64 protected_mode = bit(0), monitor_coprocessor = bit(1), extension_type = bit(4),
              numeric_error = bit(5), write_protect = bit(16), paging_on = bit(31);
// CR4
constexpr u64 pae = bit(5), machine_check_enable = bit(6), page_global = bit(7), osfxsr = bit(9),
              osxmmexcpt = bit(10), umip_on = bit(11), fsgsbase_on = bit(16), osxsave = bit(18),
              smep_on = bit(20), smap_on = bit(21);
// EFER
constexpr u64 syscall_enable = bit(0), long_mode_enable = bit(8), no_execute_enable = bit(11);
// XCR0: x87 and SSE. AVX would not fit the 2 KiB TCB.
constexpr u64 user_state = bit(0) | bit(1);

/// Whether user code may read by speculation what only the kernel may: Intel's say it where not.
bool may_have_meltdown(CpuidResult const& vendor, u32 seven_edx)
{
    constexpr u32 genu = 0x756e'6547, inei = 0x4965'6e69, ntel = 0x6c65'746e;
    if (vendor.ebx != genu || vendor.edx != inei || vendor.ecx != ntel) return false;
    constexpr u64 has_capabilities = bit(29), rdcl_no = bit(0);
    return (seven_edx & has_capabilities) == 0 || (read_msr(Msr::arch_capabilities) & rdcl_no) == 0;
}

/// A CPUID leaf; zeros if the CPU does not have it.
CpuidResult leaf(u32 number)
{
    constexpr u32 range = 0x8000'0000; // each of the two says first which is its last
    return cpuid(number & range).eax >= number ? cpuid(number) : CpuidResult{};
}

/// What is looked at.
struct Leaves {
    CpuidResult one = leaf(1), seven = leaf(7), extended = leaf(0x8000'0001),
                power = leaf(0x8000'0007);
};

void require(Leaves const& l)
{
    struct {
        bool there;
        char const* name;
    } const needed[] = {
        {(l.extended.edx & bit(20)) != 0,
         "no-execute pages (NX; perhaps off in the firmware setup)"},
        {(l.extended.edx & bit(11)) != 0, "SYSCALL"},
        {(l.one.edx & bit(4)) != 0, "a time-stamp counter"},
        {(l.one.edx & bit(9)) != 0, "a local APIC"},
        {(l.one.edx & bit(13)) != 0, "global pages"},
        {(l.one.edx & bit(16)) != 0, "PAT"},
        {(l.one.edx & bit(24)) != 0, "FXSAVE"},
        {(l.one.edx & bit(26)) != 0, "SSE2"},
    };
    for (auto const& r : needed)
        if (!r.there) panic("this CPU lacks ", r.name);
}

void enable()
{
    write_msr(Msr::efer,
              read_msr(Msr::efer) | syscall_enable | long_mode_enable | no_execute_enable);
    write_msr(Msr::pat, paging::pat_value);
    write_cr<0>(protected_mode | monitor_coprocessor | extension_type | numeric_error |
                write_protect | paging_on);
    u64 cr4 = pae | page_global | osfxsr | osxmmexcpt;
    if (features.machine_check) cr4 |= machine_check_enable;
    if (features.umip) cr4 |= umip_on;
    if (features.fsgsbase) cr4 |= fsgsbase_on;
    if (features.xsave) cr4 |= osxsave;
    if (features.smep) cr4 |= smep_on;
    if (features.smap) cr4 |= smap_on;
    write_cr<4>(cr4);
    if (features.xsave) write_xcr0(user_state);
    write_dr<7>(0); // no breakpoint may fire in the kernel
}

} // namespace

void init_features()
{
    Leaves const l;
    require(l);
    features.smep = (l.seven.ebx & bit(7)) != 0;
    features.smap = (l.seven.ebx & bit(20)) != 0;
    features.umip = (l.seven.ecx & bit(2)) != 0;
    features.fsgsbase = (l.seven.ebx & bit(0)) != 0;
    features.gigabyte_pages = (l.extended.edx & bit(26)) != 0;
    features.xsave = (l.one.ecx & bit(26)) != 0;
    features.x2apic = (l.one.ecx & bit(21)) != 0;
    features.tsc_deadline = (l.one.ecx & bit(24)) != 0;
    features.invariant_tsc = (l.power.edx & bit(8)) != 0;
    features.machine_check = (l.one.edx & bit(7)) != 0;
    features.meltdown = may_have_meltdown(cpuid(0), l.seven.edx);
    enable();
}

void log_features()
{
    auto const name = [](bool there, char const* text) { return there ? text : ""; };
    log("cpu", "features:", name(features.smep, " smep"), name(features.smap, " smap"),
        name(features.umip, " umip"), name(features.fsgsbase, " fsgsbase"),
        name(features.gigabyte_pages, " 1gib-pages"), features.xsave ? " xsave" : " fxsave",
        features.x2apic ? " x2apic" : " xapic", name(features.tsc_deadline, " tsc-deadline"),
        name(features.invariant_tsc, " invariant-tsc"));
}

} // namespace mk
