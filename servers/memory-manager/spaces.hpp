// All address spaces, by number: made, found, given regions, ended. Number 0 is ours and not among
// them.
#pragma once

#include "mapper.hpp"
#include "shared_objects.hpp"

namespace memory_manager {

class Spaces {
public:
    void begin(ObjectMemory& objects, OwnSpace& own, Mapper& mapper, SharedObjects& shared,
               sys::AsidPool asids)
    {
        objects_ = &objects, own_ = &own, mapper_ = &mapper, shared_ = &shared, asids_ = asids;
    }
    /// Error: no_memory.
    Result<Space*> create(u64 quota, bool resident);
    /// Null: there is none, or it is ending.
    Space* find(u64 number)
    {
        if (number == 0 || number >= max_spaces) return nullptr;
        Space& it = space_[number];
        return it.used && !it.ending ? &it : nullptr;
    }
    /// One that exists, ending or not.
    Space& operator[](u32 number) { return space_[number]; }
    /// The space ends: it is found no longer, and shared objects are not mapped by it any more.
    void detach(Space& space);
    /// Takes at most `pages` pages of an ending space back, and when there are none the space
    /// itself.
    void destroy_some(Space& space, u32 pages);
    /// Errors: slot_occupied, no_memory.
    Result<void> add_region(Space& space, Region const& region);
    /// Makes a device region that begins at this page one with what ends there, if it is its like.
    void join_device(Space& space, u32 first);
    /// Takes region n out with all its pages.
    void remove_region(Space& space, u32 n);

private:
    ObjectMemory* objects_ = nullptr;
    OwnSpace* own_ = nullptr;
    Mapper* mapper_ = nullptr;
    SharedObjects* shared_ = nullptr;
    sys::AsidPool asids_;
    u32 last_ = 0; ///< numbers are used in turn, so that an old one is not at once another's
    Space space_[max_spaces];
};

} // namespace memory_manager
