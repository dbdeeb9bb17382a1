// From the bytes of a mouse to motion and buttons: reports of three bytes (or four: the wheel's is
// dropped). A lost byte shows by bit 3 of the first one, which is always set.
// [IBM PS/2 Technical Reference, "Auxiliary device", data report]
#pragma once

#include "hw/reg.hpp"

namespace ps2 {

/// The first byte of a report.
struct ReportHead {
    using Word = u8;
    using Buttons = hw::Field<ReportHead, 2, 0>; ///< left, right, middle
    using AlwaysSet = hw::Bit<ReportHead, 3>;
    using XNegative = hw::Bit<ReportHead, 4>;
    using YNegative = hw::Bit<ReportHead, 5>;
    using XOverflow = hw::Bit<ReportHead, 6>;
    using YOverflow = hw::Bit<ReportHead, 7>;
};

class Mouse {
    unsigned size_ = 3, filled_ = 0;
    u8 byte_[4] = {};
    u8 buttons_ = 0;

public:
    Mouse() = default;
    explicit Mouse(unsigned report_bytes) : size_{report_bytes} {}

    /// Takes the next byte. When it ends a report: `motion(x, y)` if it moved, right and down are
    /// positive, and `button(number, down)` for each that changed.
    template <class Motion, class Button> void feed(u8 byte, Motion&& motion, Button&& button)
    {
        if (filled_ == 0 && !hw::Value<ReportHead>{byte}.get<ReportHead::AlwaysSet>()) return;
        byte_[filled_++] = byte;
        if (filled_ < size_) return;
        filled_ = 0;
        hw::Value<ReportHead> const head{byte_[0]};
        // A report of so much motion is wrong: no hand moves like that in 10 ms.
        if (head.get<ReportHead::XOverflow>() || head.get<ReportHead::YOverflow>()) return;
        i16 const x = difference(byte_[1], head.get<ReportHead::XNegative>());
        i16 const y = difference(byte_[2], head.get<ReportHead::YNegative>());
        if (x != 0 || y != 0) motion(x, static_cast<i16>(-y)); // the device's y goes up
        u8 const changed = buttons_ ^ head.get<ReportHead::Buttons>();
        buttons_ = head.get<ReportHead::Buttons>();
        for (u8 i = 0; i < 3; ++i)
            if (changed >> i & 1) button(i, buttons_ >> i & 1);
    }
    /// A byte got lost or damaged: what follows begins a report.
    void forget() { filled_ = 0; }

private:
    static constexpr i16 difference(u8 low, bool negative)
    {
        return static_cast<i16>(negative ? low - 256 : low);
    }
};

} // namespace ps2
