// Which of the protocols that a program's manifest names a process of it gets: names and
// capabilities of the others are not made. For slots of uploaded programs (flag_loader).
#pragma once

#include "composition/reader.hpp"
#include <cstring>

namespace spawn {

class Uses {
public:
    static constexpr usize max_uses = 8, max_alias = 8;

    /// @error out_of_range  too many, or no alias has this length
    Result<void> add(std::string_view alias)
    {
        if (count_ == max_uses || alias.empty() || alias.size() > max_alias)
            return Error::out_of_range;
        std::memcpy(alias_[count_], alias.data(), alias.size());
        length_[count_++] = static_cast<u8>(alias.size());
        return {};
    }
    bool has(std::string_view alias) const
    {
        for (usize i = 0; i < count_; ++i)
            if (alias == std::string_view{alias_[i], length_[i]}) return true;
        return false;
    }
    /// Whether a grant is of a use that is not among these. Of one there is always ALIAS.peer.
    bool leave_out(std::span<composition::Grant const> grants, composition::Grant const& it) const
    {
        std::string_view const name = composition::text(it.name);
        usize const dot = name.find('.');
        if (dot == std::string_view::npos) return false;
        std::string_view const alias{name.data(), dot};
        if (has(alias)) return false;
        for (composition::Grant const& other : grants) {
            std::string_view const peer = composition::text(other.name);
            if (peer.size() == dot + 5 && peer.starts_with(alias) && peer.ends_with(".peer"))
                return true;
        }
        return false;
    }

private:
    char alias_[max_uses][max_alias] = {};
    u8 length_[max_uses] = {};
    usize count_ = 0;
};

} // namespace spawn
