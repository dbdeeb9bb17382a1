// From (kind of capability, label) to the decoder. Called from api/syscall.cpp, which has dealt
// with null and zombie capabilities before.
#include "api/methods.hpp"

namespace mk {

Method const* find_method(CapType type, u64 label)
{
    auto const before = [&](Method const& m) {
        return m.type < type || (m.type == type && u64(m.label) < label);
    };
    usize first = 0, count = methods.size();
    while (count > 0) { // the first row that is not before (type, label)
        usize const half = count / 2;
        bool const right = before(methods[first + half]);
        first = right ? first + half + 1 : first;
        count = right ? count - half - 1 : half;
    }
    if (first == methods.size()) return nullptr;
    Method const& m = methods[first];
    return m.type == type && u64(m.label) == label ? &m : nullptr;
}

Checked<Plan> decode(Invocation const& in)
{
    Method const* const method = find_method(in.cap.type(), in.label);
    if (!method) return SyscallError::illegal_operation();
    if (in.length < method->words || in.cap_count < method->caps) return SyscallError::truncated();
    return method->decode(in);
}

} // namespace mk
