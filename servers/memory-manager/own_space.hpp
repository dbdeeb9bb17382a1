// Our own address space: tables that grow, windows through which other people's pages are filled,
// read and cleared, the boot archive, and what the swap rings lie in.
#pragma once

#include "object_memory.hpp"
#include "sys/vspace.hpp"

namespace memory_manager {

class OwnSpace {
public:
    void begin(CSpace& cspace, ObjectMemory& objects, sys::VSpace vspace)
    {
        cspace_ = &cspace, objects_ = &objects, vspace_ = vspace;
    }
    /// Maps a frame of ours, adding the tables that are missing. Never executable.
    Result<void> map(sys::Frame frame, u64 address, sys::Rights rights,
                     abi::VmAttributes type = abi::VmAttributes::write_back);
    /// Puts zeroed memory of our own behind [address, address + bytes), whole pages, for ever.
    Result<void> back(u64 address, u64 bytes);

    /// A frame that is mapped nowhere, to write to, until close().
    Result<u8*> open(sys::Frame frame, unsigned window = 0);
    void close(sys::Frame frame) { (void)frame.unmap(); }
    /// A frame that is mapped somewhere, by a copy of its capability. Until close_copy().
    Result<u8*> open_copy(sys::Frame frame, sys::Rights rights, u64 window = place::window);
    void close_copy() { (void)cspace_->slot(cspace_->scratch()).remove(); }
    /// The same for a frame of 2 MiB.
    Result<u8*> open_large(sys::Frame frame)
    {
        TRY(map(frame, place::large_window, sys::Rights::read_write));
        return reinterpret_cast<u8*>(place::large_window);
    }
    /// Puts a page table of our own behind [address, address + 2 MiB) and what is missing above it.
    /// Giving its block back takes it out. Error: no_memory.
    Result<Node> add_page_table(u64 address);
    /// Clears a frame that is mapped nowhere.
    Result<void> clear(sys::Frame frame);

private:
    Result<void> add_table(u64 address, u64 missing_level);

    CSpace* cspace_ = nullptr;
    ObjectMemory* objects_ = nullptr;
    sys::VSpace vspace_;
};

/// Clears a page: 512 steps, of which the instruction count of an emulator knows.
inline void clear_page(void* page)
{
    void* at = page;
    u64 count = page_bytes / 8;
    asm volatile("rep stosq" : "+D"(at), "+c"(count) : "a"(u64{0}) : "memory");
}

/// Copies the beginning of a page, by words.
inline void copy_page(void* to, void const* from, u64 bytes)
{
    u64 count = bytes / 8;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    __builtin_memcpy(to, from, bytes % 8);
}

} // namespace memory_manager
