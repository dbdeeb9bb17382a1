// A kernel and its RAM for host tests of memory-manager: untypeds, CNodes, frames and paging
// structures behave as the kernel's do, RAM is a file, and what is mapped into the manager's own
// address space really lies there. Programs are address spaces whose pages a test looks up.
#pragma once

#include "abi/ipc_buffer.hpp"
#include "abi/object_type.hpp"
#include "protocol/handover.hpp"
#include "sys/cap.hpp"
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace fake {

enum class Type { null, untyped, cnode, tcb, frame, table, pml4, asid_pool, reply, notification };

struct Slot;
struct Node {
    unsigned radix;
    std::vector<Slot> slots;
};
/// One page or large page of an address space.
struct Mapping {
    u64 physical = 0;
    unsigned bits = 12;
    bool write = false, execute = false, accessed = false, dirty = false;
};
struct Space {
    bool own = false; ///< the manager's
    bool alive = true;
    std::set<std::pair<u64, u64>> tables; ///< (bits it spans, address)
    std::map<u64, Mapping> pages;
};
struct Slot {
    Type type = Type::null;
    u64 physical = 0, used = 0; ///< used: watermark of an untyped
    unsigned bits = 0;          ///< log2 of bytes; of a table: of what it spans
    u64 guard_bits = 0, guard = 0;
    u64 rights = 15;
    Node* node = nullptr;
    std::shared_ptr<Space> space; ///< pml4: itself; frame, table: where it is mapped
    u64 address = 0;
    Slot* parent = nullptr;
    std::set<Slot*> children;
};

class Machine {
public:
    /// A machine with these pieces of RAM (bytes, log2) and an archive of some pages.
    Machine(std::vector<std::pair<u64, u32>> ram, u64 archive_pages);
    ~Machine();
    Machine(Machine const&) = delete;
    Machine& operator=(Machine const&) = delete;

    handover::Memory const& handed_over() const { return handover_; }
    /// RAM at a physical address.
    u8* ram(u64 physical) const { return ram_ + physical; }
    u8* archive_page(u64 page) const { return ram_ + handover_.archive_physical + page * 4096; }

    /// The slot behind an address of the manager's CSpace; null: there is none.
    Slot* slot(u64 address);
    std::shared_ptr<Space> space(u64 vspace) { return slot(vspace)->space; }
    /// What a program sees at an address; null: it faults.
    u8* touch(Space& space, u64 address, bool write);
    /// Puts a frame of device memory into the slot, as a message would.
    void give_frame(u64 address, u64 physical, unsigned bits);

    unsigned clears = 0;       ///< pages that the kernel cleared
    unsigned maps = 0;         ///< frames mapped by the manager
    unsigned signals = 0;      ///< sent by the manager
    std::vector<u64> answered; ///< reply objects that were sent to

private:
    using Words = std::vector<u64>;
    void on_call(sys::FakeCall const& call, sys::Registers& io);
    abi::ErrorCode invoke(Slot& target, abi::Label label, Words const& words,
                          std::vector<u64> const& caps, Words& answer);
    abi::ErrorCode retype(Slot& from, Words const& words, Slot& root);
    abi::ErrorCode cnode(Slot& root, abi::Label label, Words const& words,
                         std::vector<u64> const& caps);
    abi::ErrorCode map_table(Slot& table, u64 address, Slot& vspace, Words& answer);
    abi::ErrorCode map_page(Slot& frame, Words const& words, bool execute, Slot& vspace,
                            Words& answer);
    abi::ErrorCode harvest(Slot& table, Words const& words, Words& answer);
    void unmap(Slot& slot);
    void show(Space& space, u64 address, Mapping const* mapping);
    void remove(Slot& slot);
    void revoke(Slot& slot);
    void move(Slot& from, Slot& to);
    void derive(Slot& from, Slot& to);
    bool is_last(Slot const& slot) const;
    Node* make_node(unsigned radix);
    Slot* resolve(Slot& root, u64 address, unsigned bits);
    Slot* target(Slot& root, u64 index, u64 depth);

    int file_ = -1;
    u8* ram_ = nullptr;
    u64 ram_bytes_ = 0;
    abi::IpcBuffer first_buffer_{};
    std::vector<std::unique_ptr<Node>> nodes_;
    Slot root_;                    ///< the manager's CSpace
    std::set<Slot*> live_;         ///< all slots that hold something
    std::map<u64, u64> own_pages_; ///< address and bytes of what is mapped in this process
    handover::Memory handover_{};
};

} // namespace fake
