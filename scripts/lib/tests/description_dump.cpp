// Reads a compiled system description as the structs of libs/composition have it and prints every
// field, one line a record, for test_manifest_binary.py to compare with what was meant; and what
// the Reader, which checks it before anybody uses it, says of it.
#include "composition/reader.hpp"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace composition;

namespace {

std::vector<char> bytes;
usize offset = 0;

/// The next record of the file.
template <class T> T next()
{
    T value;
    if (offset + sizeof value > bytes.size()) {
        std::puts("truncated");
        std::exit(1);
    }
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    offset += sizeof value;
    return value;
}

template <class... T> void print(char const* what, char const* name, T... values)
{
    std::printf("%s %s", what, name);
    (std::printf(" %llu", static_cast<unsigned long long>(values)), ...);
    std::puts("");
}

void print_program(Program const& p)
{
    print("program", p.name, p.kind, p.restart, p.priority, p.cnode_bits, p.flags, p.objects_bits,
          p.reply_count, p.budget_us, p.period_us, p.heartbeat_us, p.quota_pages, p.max_per_minute,
          p.first_grant, p.grant_count, p.first_need, p.need_count, p.first_quiesce,
          p.quiesce_count, p.manifest_bytes);
    std::printf("file %s ", p.file);
    for (u8 const byte : p.sha256) std::printf("%02x", byte);
    std::puts("");
    Match const& m = p.match;
    print("match", m.id[0] ? m.id : "-", m.bus, m.vendor, m.device[0], m.device[1], m.device[2],
          m.device[3], m.class_code, m.class_mask, m.function);
}

} // namespace

int main(int, char** arguments)
{
    std::FILE* const file = std::fopen(arguments[1], "rb");
    if (!file) return 1;
    for (int c; (c = std::fgetc(file)) != EOF;) bytes.push_back(static_cast<char>(c));
    std::fclose(file);
    auto const* const start = reinterpret_cast<u8 const*>(bytes.data());
    auto const reader = Reader::open({start, bytes.size()});
    std::printf("reader: %s\n", sentence(reader.error()));
    auto const h = next<Header>();
    print("header", h.profile, h.magic == magic, h.version == version, h.bytes == bytes.size(),
          h.memory_manager, h.device_manager, h.supervisor, h.root);
    for (u32 i = 0; i < h.program_count; ++i) print_program(next<Program>());
    for (u32 i = 0; i < h.grant_count; ++i) {
        auto const g = next<Grant>();
        print("grant", g.name, g.kind, g.slot, g.peer, g.object, g.value, g.address, g.bytes);
    }
    for (u32 i = 0; i < h.need_count; ++i) {
        auto const n = next<Need>();
        print("need", n.name, n.kind, n.index, n.address_bits, n.slot, n.first, n.last, n.address);
    }
    for (u32 i = 0; i < h.quiesce_count; ++i) {
        auto const q = next<Quiesce>();
        print("quiesce", "-", q.kind, q.bar, q.offset, q.value, q.mask);
    }
    for (u32 i = 0; i < h.object_count; ++i) {
        auto const o = next<Object>();
        print("object", o.name, o.pages, o.contiguous);
    }
    std::printf("text %u %zu\n", h.text_bytes, bytes.size() - offset);
}
