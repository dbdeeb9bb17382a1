// Takes back what spaces that were ended and large pieces of heap that were freed still hold, in
// steps, so that others are served in between. Nobody can reach such pages any more; their memory
// is somebody else's only when it was taken back. The supervisor asks for the steps (Sweep); where
// memory is short they are done at once.
#pragma once

#include "spaces.hpp"

namespace memory_manager {

class Sweeper {
public:
    static constexpr u32 step_pages = 256; ///< most pages of 4 KiB, or of 2 MiB, in one step

    void begin(Spaces& spaces, Mapper& mapper) { spaces_ = &spaces, mapper_ = &mapper; }
    /// Ends the space. The first step is done at once, and with it most programs are gone.
    void end(Space& space);
    /// Frees region n of the space, one of heap; the first step is done at once.
    void free(Space& space, u32 n);

    bool pending() const { return pending_ != 0; }
    /// A step. False: there was nothing to do.
    bool step();
    /// A step for freed heap of this space. False: it has none.
    bool step(Space& space);
    /// Pages that ended spaces still hold.
    u64 held();

private:
    static bool has_work(Space const& space) { return space.ending || space.freed != 0; }
    void sweep(Space& space, u32 region);
    void sweep_region(Space& space, u32 region);
    u32 first_freed(Space& space);

    Spaces* spaces_ = nullptr;
    Mapper* mapper_ = nullptr;
    u32 pending_ = 0; ///< spaces with something to do
    u32 at_ = 0;      ///< the one whose turn it was last
};

} // namespace memory_manager
