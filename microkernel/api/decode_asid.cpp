// ASIDControl.make_pool and ASIDPool.assign: names for address spaces, in pools of 512.
// Called through api/methods.hpp; goes on in vspace/vspace.cpp.
// Source: seL4 manual, "ASID Control", "ASID Pool" and the reference of X86_ASIDControl and
// X86_ASIDPool.
#include "abi/constants.hpp"
#include "api/decode.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "vspace/vspace.hpp"

namespace mk {

namespace {

struct MakePoolPlan {
    Slot* untyped;
    Slot* dest;
    u16 base;
};

void perform_make_pool(Cpu&, Tcb&, MakePoolPlan const& p)
{
    Cap const memory = p.untyped->cap();
    auto* const pool = arch::from_physical<AsidPool>(memory.address());
    arch::clear_memory(pool, sizeof *pool);
    register_asid_pool(*pool, p.base);
    p.untyped->update(memory.used_up());
    DerivationTree::insert_original(p.untyped, *p.dest, Cap::asid_pool(pool, p.base));
}

struct AssignPlan {
    Slot* vspace;
    u16 asid;
};

void perform_assign(Cpu&, Tcb&, AssignPlan const& p)
{
    Cap const pml4 = p.vspace->cap();
    assign_asid(p.asid, *pml4.object<PageTable>());
    p.vspace->update(pml4.mapped_at(p.asid, 0));
}

} // namespace

/// Makes an untyped of 4 KiB into a pool of 512 ASIDs.
/// Words: index, depth (low 8 bits). Capabilities: untyped, root. Errors, in this order:
/// delete_first (all 8 pools exist), invalid_capability 1 (no 4 KiB untyped of RAM), revoke_first
/// (it has children), failed_lookup, range (1, 64) and delete_first (slot).
Checked<Plan> decode_asid_control_make_pool(Invocation const& in)
{
    Slot* const untyped = in.caps[0];
    Cap const& memory = untyped->cap();
    u16 const base = free_asid_base();

    if (base == no_asid) return SyscallError::delete_first();
    if (!memory.is(CapType::untyped) || memory.untyped_bits() != abi::asid_pool_bits ||
        memory.untyped_is_device())
        return SyscallError::invalid_capability(1);
    if (DerivationTree::has_children(*untyped)) return SyscallError::revoke_first();
    Slot* const dest = TRY(empty_target_slot(in.caps[1]->cap(), in.word(0), u8(in.word(1))));
    return Plan::of<perform_make_pool>(MakePoolPlan{untyped, dest, base});
}

/// Gives a PML4 an ASID, so that it can be used.
/// Capabilities: PML4. Errors, in this order: invalid_capability 1 (no PML4, or it has an ASID),
/// delete_first (the pool is full).
Checked<Plan> decode_asid_pool_assign(Invocation const& in)
{
    Slot* const vspace = in.caps[0];
    if (!vspace->cap().is(CapType::pml4) || vspace->cap().is_mapped())
        return SyscallError::invalid_capability(1);
    // A pool is registered for as long as a capability to it exists.
    u16 const asid = free_asid(*in.cap.object<AsidPool>(), in.cap.asid_base());
    if (asid == no_asid) return SyscallError::delete_first();
    return Plan::of<perform_assign>(AssignPlan{vspace, asid});
}

} // namespace mk
