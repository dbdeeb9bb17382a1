// kernel_space.hpp and io_apic.hpp for host tests; what of ipc/ the decoders of frames and
// interrupts use (weak: a test that links ipc/ gets the real ones).
#include "address_space.hpp"

#include "io_apic.hpp"
#include "ipc/signal.hpp"
#include "ipc/transfer.hpp"
#include "kernel_space.hpp"

namespace fake {

AddressSpace& address_space()
{
    static AddressSpace space = [] {
        AddressSpace s;
        s.kernel.entry[300] = 0xabc003;
        return s;
    }();
    if (!space.loaded) space.loaded = &space.kernel;
    return space;
}

IoApics& io_apics()
{
    static IoApics apics;
    return apics;
}

std::vector<Signal>& signals()
{
    static std::vector<Signal> sent;
    return sent;
}

void AddressSpace::load(mk::PageTable& root)
{
    if (&root != loaded) tlb.clear();
    loaded = &root;
}

std::optional<Translation> hardware_walk(mk::PageTable const& root, u64 vaddr)
{
    mk::PageTable const* table = &root;
    bool writable = true, user = true, executable = true;
    for (unsigned shift = 39;; shift -= 9) {
        u64 const e = table->entry[(vaddr >> shift) & 511];
        if ((e & 1) == 0) return {};
        writable = writable && (e & 2) != 0;
        user = user && (e & 4) != 0;
        executable = executable && (e >> 63) == 0;
        bool const leaf = shift == 12 || (shift < 39 && (e & 0x80) != 0);
        u64 const address = e & 0x000f'ffff'ffff'f000;
        if (!leaf) {
            table = reinterpret_cast<mk::PageTable const*>(address);
            continue;
        }
        u64 const offset = (u64{1} << shift) - 1;
        unsigned const pat = shift == 12 ? (e >> 7) & 1 : (e >> 12) & 1;
        return Translation{(address & ~offset) | (vaddr & offset), writable, user, executable,
                           unsigned(pat << 2 | ((e >> 3) & 3)),    shift};
    }
}

std::optional<Translation> AddressSpace::access(u64 vaddr)
{
    u64 const page = vaddr >> 12;
    if (auto const cached = tlb.find(page); cached != tlb.end()) return cached->second;
    auto const found = hardware_walk(*loaded, vaddr & ~u64{0xfff});
    if (found) tlb.emplace(page, *found);
    return found;
}

void AddressSpace::invalidate(u64 vaddr)
{
    std::erase_if(tlb, [vaddr](auto const& cached) {
        unsigned const bits = cached.second.page_bits;
        return cached.first << 12 >> bits == vaddr >> bits;
    });
}

} // namespace fake

namespace mk {

PageTable& empty_pml4()
{
    return fake::address_space().kernel;
}
void load_space(PageTable& pml4)
{
    fake::address_space().load(pml4);
}
void leave_space(PageTable const& pml4)
{
    if (fake::address_space().loaded == &pml4) fake::address_space().load(empty_pml4());
}
void invalidate_page(u64 address)
{
    fake::address_space().invalidate(address);
}
void invalidate_space()
{
    fake::address_space().tlb.clear();
}

unsigned io_apic_count()
{
    return fake::io_apics().count;
}
unsigned io_apic_pins(unsigned n)
{
    return n < fake::io_apics().count ? fake::io_apics().pins : 0;
}
void route_io_apic(unsigned irq, unsigned io_apic, unsigned pin, bool level, bool active_low)
{
    fake::io_apics().routed.push_back({irq, io_apic, pin, level, active_low});
}
void unroute_irq(unsigned irq)
{
    fake::io_apics().unrouted.push_back(irq);
}

__attribute__((weak)) void signal(Cpu&, Notification& notification, u64 badge)
{
    fake::signals().push_back({&notification, badge});
}
__attribute__((weak)) u64& message_register(Context& context, unsigned n)
{
    u64* const registers[] = {&context.r10, &context.r8, &context.r9, &context.r15};
    return *registers[n];
}

} // namespace mk
