// Decoding of cpio newc headers. Every length is 32 bits wide and offsets are 64 bits wide, so
// sums cannot wrap. Interface and invariants: cpio.hpp.
#include "cpio/cpio.hpp"

namespace cpio {
namespace {

constexpr u64 header_size = 110; // 6 bytes of magic, 13 numbers of 8 hexadecimal digits
constexpr unsigned field_mode = 1, field_file_size = 6, field_name_size = 11;
constexpr std::string_view trailer = "TRAILER!!!";

constexpr u64 align4(u64 v)
{
    return (v + 3) & ~u64{3};
}

constexpr int digit(u8 c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Number `index` of a header.
Result<u32, Fault> number(std::span<u8 const> header, unsigned index)
{
    u32 value = 0;
    for (u8 const c : header.subspan(6 + 8 * index, 8)) {
        int const d = digit(c);
        if (d < 0) return Fault::bad_number;
        value = value << 4 | static_cast<u32>(d);
    }
    return value;
}

std::string_view text(std::span<u8 const> bytes)
{
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

/// Whether the magic is 070701 (no checksum) or 070702 (a checksum, which nobody relies on).
bool magic_is_known(std::span<u8 const> header)
{
    auto const magic = text(header.first(6));
    return magic == "070701" || magic == "070702";
}

} // namespace

Result<std::optional<Entry>, Fault> Reader::next()
{
    if (offset_ > archive_.size() || archive_.size() - offset_ < header_size)
        return Fault::truncated_header;
    auto const header = archive_.subspan(offset_, header_size);
    if (!magic_is_known(header)) return Fault::bad_magic;
    for (unsigned i = 0; i < 13; ++i) TRY(number(header, i));
    u32 const mode = TRY(number(header, field_mode));
    u64 const file_size = TRY(number(header, field_file_size));
    u64 const name_size = TRY(number(header, field_name_size)); // counts the closing zero

    u64 const name_at = offset_ + header_size;
    if (name_size > archive_.size() - name_at) return Fault::truncated_name;
    if (name_size < 2) return Fault::bad_name;
    auto const name = text(archive_.subspan(name_at, name_size));
    if (name.find('\0') != name_size - 1) return Fault::bad_name;

    u64 const data_at = align4(name_at + name_size);
    Entry const entry{name.substr(0, name_size - 1), {}, mode};
    if (entry.name == trailer) return std::optional<Entry>{};
    if (data_at > archive_.size() || file_size > archive_.size() - data_at)
        return Fault::truncated_data;
    offset_ = align4(data_at + file_size);
    return std::optional<Entry>{Entry{entry.name, archive_.subspan(data_at, file_size), mode}};
}

Result<std::optional<Entry>, Fault> find(std::span<u8 const> archive, std::string_view name)
{
    Reader reader{archive};
    for (;;) {
        auto const entry = TRY(reader.next());
        if (!entry || entry->name == name) return entry;
    }
}

char const* sentence(Fault fault)
{
    switch (fault) {
    case Fault::ok:
        return "no fault";
    case Fault::truncated_header:
        return "bad cpio archive: truncated, no further header";
    case Fault::bad_magic:
        return "bad cpio archive: not in newc format";
    case Fault::bad_number:
        return "bad cpio archive: a header has a bad number";
    case Fault::bad_name:
        return "bad cpio archive: an entry has a bad name";
    case Fault::truncated_name:
        return "bad cpio archive: truncated in a name";
    case Fault::truncated_data:
        return "bad cpio archive: truncated in a file's data";
    }
    return "unknown fault";
}

} // namespace cpio
