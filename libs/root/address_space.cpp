// See address_space.hpp.
#include "root/address_space.hpp"

namespace root {

sys::Result<void> AddressSpace::map(sys::Frame frame, u64 address, sys::Rights rights,
                                    sys::Attributes attributes)
{
    // The kernel names the highest level that is missing: at most three, then the frame fits.
    constexpr int levels = 3;
    for (int i = 0; i < levels; ++i) {
        auto const mapped = frame.map(vspace_, address, rights, attributes);
        if (mapped || !(mapped.error() == abi::ErrorCode::failed_lookup)) return mapped;
        TRY(add_table(address, mapped.error().word[2]));
    }
    return frame.map(vspace_, address, rights, attributes);
}

sys::Result<void> AddressSpace::add_table(u64 address, u64 missing_level)
{
    using abi::ObjectType;
    switch (missing_level) {
    case abi::mapping_no_pdpt:
        return TRY(objects_->make<sys::Pdpt>(ObjectType::x86_pdpt)).map(vspace_, address);
    case abi::mapping_no_page_directory:
        return TRY(objects_->make<sys::PageDirectory>(ObjectType::x86_page_directory))
            .map(vspace_, address);
    default:
        return TRY(objects_->make<sys::PageTable>(ObjectType::x86_page_table))
            .map(vspace_, address);
    }
}

sys::Result<sys::Frame> AddressSpace::map_new(u64 address, sys::Rights rights,
                                              sys::Attributes attributes)
{
    auto const frame = TRY(objects_->make<sys::Frame>(abi::ObjectType::x86_4k));
    TRY(map(frame, address, rights, attributes));
    return frame;
}

} // namespace root
