// The address spaces of memory_machine.hpp: what is mapped where, and what of it this process sees.
#include "memory_machine.hpp"

#include "abi/extensions.hpp"
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace fake {

using abi::ErrorCode;

namespace {

constexpr u64 mask(unsigned bits)
{
    return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1;
}

} // namespace

void Machine::show(Space& space, u64 address, Mapping const* mapping)
{
    if (!space.own) return;
    void* const at = reinterpret_cast<void*>(address);
    if (mapping == nullptr) {
        munmap(at, own_pages_[address]);
        own_pages_.erase(address);
        return;
    }
    u64 const bytes = u64{1} << mapping->bits;
    int const protection = mapping->write ? PROT_READ | PROT_WRITE : PROT_READ;
    if (mmap(at, bytes, protection, MAP_SHARED | MAP_FIXED, file_,
             static_cast<off_t>(mapping->physical)) == MAP_FAILED)
        std::perror("mmap"), std::abort();
    own_pages_[address] = bytes;
}

void Machine::unmap(Slot& slot)
{
    if (!slot.space) return;
    Space& space = *slot.space;
    auto const page = space.pages.find(slot.address);
    if (page != space.pages.end() && page->second.physical == slot.physical) {
        show(space, slot.address, nullptr);
        space.pages.erase(page);
    }
    slot.space = nullptr;
}

ErrorCode Machine::map_table(Slot& table, u64 address, Slot& vspace, Words& answer)
{
    if (table.type != Type::table || vspace.type != Type::pml4 || !vspace.space)
        return ErrorCode::invalid_capability;
    if (table.space) return ErrorCode::invalid_capability;
    Space& space = *vspace.space;
    for (unsigned level : {39u, 30u}) // what must be there above
        if (level > table.bits && !space.tables.contains({level, address & ~mask(level)}))
            return answer = {0, 0, level}, ErrorCode::failed_lookup;
    u64 const first = address & ~mask(table.bits);
    if (!space.tables.insert({table.bits, first}).second) return ErrorCode::delete_first;
    table.space = vspace.space;
    table.address = first;
    return ErrorCode::no_error;
}

ErrorCode Machine::map_page(Slot& frame, Words const& words, bool execute, Slot& vspace,
                            Words& answer)
{
    if (frame.type != Type::frame || vspace.type != Type::pml4 || !vspace.space)
        return ErrorCode::invalid_capability;
    Space& space = *vspace.space;
    if (frame.space && frame.space != vspace.space) return ErrorCode::invalid_capability;
    if (frame.space && frame.address != words[0]) return ErrorCode::invalid_argument;
    if (words[0] & mask(frame.bits)) return ErrorCode::alignment_error;
    for (unsigned level : {39u, 30u, 21u})
        if ((level > 21 || frame.bits == 12) &&
            !space.tables.contains({level, words[0] & ~mask(level)}))
            return answer = {0, 0, level}, ErrorCode::failed_lookup;
    frame.space = vspace.space;
    frame.address = words[0];
    Mapping const mapping{frame.physical, frame.bits, (words[1] & frame.rights & 3) == 3,
                          execute,        false,      false};
    space.pages[words[0]] = mapping;
    show(space, words[0], &mapping);
    return ErrorCode::no_error;
}

ErrorCode Machine::harvest(Slot& table, Words const& words, Words& answer)
{
    if (table.type != Type::table || !table.space) return ErrorCode::invalid_capability;
    u64 const size = (words[1] + 63) / 64;
    answer.assign(2 * size, 0);
    for (u64 i = 0; i < words[1]; ++i) {
        auto const page = table.space->pages.find(table.address + (words[0] + i) * 4096);
        if (page == table.space->pages.end()) continue;
        answer[i / 64] |= u64{page->second.accessed} << i % 64;
        answer[size + i / 64] |= u64{page->second.dirty} << i % 64;
        if (words[2] & abi::harvest_clear_accessed) page->second.accessed = false;
        if (words[2] & abi::harvest_clear_dirty) page->second.dirty = false;
    }
    return ErrorCode::no_error;
}

u8* Machine::touch(Space& space, u64 address, bool write)
{
    auto page = space.pages.upper_bound(address);
    if (page == space.pages.begin()) return nullptr;
    --page;
    Mapping& it = page->second;
    if (address - page->first >= u64{1} << it.bits || (write && !it.write)) return nullptr;
    it.accessed = true;
    it.dirty |= write;
    return ram(it.physical) + (address - page->first);
}

} // namespace fake
