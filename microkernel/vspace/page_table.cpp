// The page table walk and how a frame's rights and memory type become entry bits.
// Called from vspace/vspace.cpp and the decoders; see page_table.hpp.
#include "vspace/page_table.hpp"

#include "arch/arch.hpp"

namespace mk {

u64 frame_entry(u64 physical, FrameSize size, Rights rights, u64 attributes, bool executable)
{
    bool const is_large = size != FrameSize::small;
    u64 e = physical | paging::present | paging::memory_type(attributes, is_large);
    if (is_large) e |= paging::large;
    if (contains(rights, Rights::read)) {
        e |= paging::user;
        if (contains(rights, Rights::write)) e |= paging::writable;
    } else {
        // A supervisor page in the user half: the kernel must not be able to run from it either.
        e |= paging::no_execute;
    }
    if (!executable) e |= paging::no_execute;
    return e;
}

Walk walk(PageTable& pml4, u64 vaddr, unsigned entry_bits)
{
    PageTable* table = &pml4;
    for (unsigned bits = pml4_entry_bits; bits > entry_bits; bits -= 9) {
        u64 const e = table->entry[table_index(vaddr, bits)];
        // A large page in the way counts as a missing table: nothing can be mapped below it.
        if (!is_table(e)) return {nullptr, bits};
        table = arch::from_physical<PageTable>(e & paging::address_mask);
    }
    return {&table->entry[table_index(vaddr, entry_bits)], entry_bits};
}

} // namespace mk
