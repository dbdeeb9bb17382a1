// See own_space.hpp.
#include "own_space.hpp"

namespace memory_manager {

Result<void> OwnSpace::map(sys::Frame frame, u64 address, sys::Rights rights,
                           abi::VmAttributes type)
{
    // The kernel names the highest level that is missing: at most three, then the frame fits.
    for (int missing = 0;; ++missing) {
        auto const mapped = frame.map(vspace_, address, rights, {type, false});
        if (mapped) return {};
        if (!(mapped.error() == abi::ErrorCode::failed_lookup) || missing == 3)
            return Error::corrupt;
        TRY(add_table(address, mapped.error().word[2]));
    }
}

Result<void> OwnSpace::add_table(u64 address, u64 missing_level)
{
    using abi::ObjectType;
    auto const make = [&](ObjectType type) -> Result<u64> {
        return objects_->object(TRY(objects_->make(type)));
    };
    if (missing_level == abi::mapping_no_pdpt)
        return done(sys::Pdpt{TRY(make(ObjectType::x86_pdpt))}.map(vspace_, address));
    if (missing_level == abi::mapping_no_page_directory)
        return done(
            sys::PageDirectory{TRY(make(ObjectType::x86_page_directory))}.map(vspace_, address));
    return done(sys::PageTable{TRY(make(ObjectType::x86_page_table))}.map(vspace_, address));
}

Result<Node> OwnSpace::add_page_table(u64 address)
{
    Node const node = TRY(objects_->make(abi::ObjectType::x86_page_table));
    auto const hang = [&]() -> Result<void> {
        for (int missing = 0;; ++missing) {
            auto const mapped = sys::PageTable{objects_->object(node)}.map(vspace_, address);
            if (mapped) return {};
            if (!(mapped.error() == abi::ErrorCode::failed_lookup) || missing == 2)
                return Error::corrupt;
            TRY(add_table(address, mapped.error().word[2]));
        }
    };
    auto const hung = hang();
    if (hung) return node;
    objects_->give(node);
    return hung.error();
}

Result<void> OwnSpace::back(u64 address, u64 bytes)
{
    for (u64 done_bytes = 0; done_bytes < bytes; done_bytes += page_bytes) {
        Node const node = TRY(objects_->make(abi::ObjectType::x86_4k));
        TRY(map(sys::Frame{objects_->object(node)}, address + done_bytes, sys::Rights::read_write));
    }
    return {};
}

Result<u8*> OwnSpace::open(sys::Frame frame, unsigned window)
{
    u64 const address = place::window + window * page_bytes;
    TRY(map(frame, address, sys::Rights::read_write));
    return reinterpret_cast<u8*>(address);
}

Result<u8*> OwnSpace::open_copy(sys::Frame frame, sys::Rights rights, u64 window)
{
    u64 const copy = cspace_->scratch();
    TRY(done(cspace_->slot(copy).copy_from(cspace_->slot(frame.address()), rights)));
    if (auto const mapped = map(sys::Frame{copy}, window, rights); !mapped) {
        close_copy();
        return mapped.error();
    }
    return reinterpret_cast<u8*>(window);
}

Result<void> OwnSpace::clear(sys::Frame frame)
{
    clear_page(TRY(open(frame)));
    close(frame);
    return {};
}

} // namespace memory_manager
