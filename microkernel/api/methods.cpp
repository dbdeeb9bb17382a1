// From (kind of capability, label) to the decoder. Called from api/syscall.cpp, which has dealt
// with null and zombie capabilities before.
#include "api/methods.hpp"
#include <array>

namespace mk {

namespace {

// A label alone leads to the first of its rows: nearly always the only one. seL4's labels and ours
// are two dense ranges; as one: ours follow seL4's.
constexpr u64 first_extension = 0x1000, label_count = abi::label_count + 16;
constexpr u8 no_row = 0xff;

constexpr u64 label_index(u64 label)
{
    return label < first_extension ? label : label - first_extension + abi::label_count;
}

constexpr auto row_of_label = [] {
    std::array<u8, label_count> rows{};
    for (u8& row : rows) row = no_row;
    for (u8 i = std::size(methods); i-- > 0;) rows[label_index(u64(methods[i].label))] = i;
    return rows;
}();

} // namespace

Method const* find_method(CapType type, u64 label)
{
    if (label >= abi::label_count && label < first_extension) return nullptr;
    u64 const index = label_index(label);
    if (index >= label_count || row_of_label[index] == no_row) return nullptr;
    Method const* const end = std::end(methods);
    for (Method const* m = &methods[row_of_label[index]]; m != end; ++m)
        if (m->type == type && u64(m->label) == label) return m;
    return nullptr;
}

Checked<Plan> decode(Invocation const& in)
{
    Method const* const method = find_method(in.cap.type(), in.label);
    if (!method) return SyscallError::illegal_operation();
    if (in.length < method->words || in.cap_count < method->caps) return SyscallError::truncated();
    return method->decode(in);
}

} // namespace mk
