// A small sound system description, put together by hand: what the tests and the fuzz target of
// composition::Reader change.
#pragma once

#include "composition/description.hpp"
#include <cstring>
#include <string>
#include <vector>

namespace composition {

struct SoundSystem {
    Header header{};
    std::vector<Program> programs;
    std::vector<Grant> grants;
    std::vector<Need> needs;
    std::vector<Quiesce> quiesces;
    std::vector<Object> objects;
    std::string words = "[program]\nname = \"disk\"\n";

    template <usize N> static void name(char (&to)[N], char const* text)
    {
        std::strncpy(to, text, N - 1);
    }
    static Grant grant(char const* text, GrantKind kind, u32 slot)
    {
        Grant it{};
        name(it.name, text);
        it.kind = kind;
        it.slot = slot;
        it.peer = it.object = no_index;
        return it;
    }

    /// Four trusted programs and one driver with two grants of memory, three needs and a list of
    /// two steps.
    SoundSystem()
    {
        for (char const* const it :
             {"root", "memory-manager", "device-manager", "supervisor", "disk"}) {
            Program program{};
            name(program.name, it);
            name(program.file, it);
            program.kind = Kind::trusted;
            program.cnode_bits = 6;
            program.objects_bits = 14;
            program.budget_us = program.period_us = 10000;
            programs.push_back(program);
        }
        grants.push_back(grant("endpoint", GrantKind::serve, 1));
        grants.push_back(grant("reply0", GrantKind::reply, 2));
        grants.push_back(grant("log.signal", GrantKind::signal, 3));
        grants.back().peer = 3;
        grants.push_back(grant("self", GrantKind::number, 0));
        grants.push_back(grant("block.shared", GrantKind::shared, 0));
        grants.back().object = 0, grants.back().address = 0x2000'0000, grants.back().bytes = 0x2000;
        grants.push_back(grant("block.pool", GrantKind::pool, 0));
        grants.back().object = 1, grants.back().address = 0x2000'3000, grants.back().bytes = 0x1000;
        need("ports", NeedKind::ports, 4, 0x3f8, 0x3ff, 0);
        need("bar", NeedKind::bar, 0, 0x4000, 0, 0x1'0000'0000);
        need("dma", NeedKind::dma, 0, 0x10000, 0, 0x2'0000'0000);
        needs.back().address_bits = 32;
        quiesces = {{QuiesceKind::write8, 0, {}, 0x14, 0, 0},
                    {QuiesceKind::poll8, 0xfe, {}, 0x14, 0, 0xff}};
        object("disk.block", 2, 0);
        object("disk.pool", 1, 1);
        Program& disk = programs.back();
        disk.kind = Kind::driver;
        disk.reply_count = 1;
        disk.grant_count = static_cast<u32>(grants.size());
        disk.need_count = 3;
        disk.quiesce_count = 2;
        disk.manifest_bytes = static_cast<u32>(words.size());
        disk.match.bus = Bus::platform;
        name(disk.match.id, "com1");
        header.magic = magic;
        header.version = version;
        name(header.profile, "test");
        header.memory_manager = 1, header.device_manager = 2, header.supervisor = 3;
    }

    void need(char const* text, NeedKind kind, u32 slot, u64 first, u64 last, u64 address)
    {
        Need it{};
        name(it.name, text);
        it.kind = kind;
        it.slot = slot;
        it.first = first, it.last = last, it.address = address;
        needs.push_back(it);
    }
    void object(char const* text, u32 pages, u32 contiguous)
    {
        Object it{{}, pages, contiguous};
        name(it.name, text);
        objects.push_back(it);
    }

    /// The file, in words so that it is aligned.
    std::vector<u64> bytes() const
    {
        std::string out(sizeof(Header), '\0');
        auto const append = [&](auto const& list) {
            out.append(reinterpret_cast<char const*>(list.data()), list.size() * sizeof list[0]);
        };
        append(programs), append(grants), append(needs), append(quiesces), append(objects);
        out += words;
        out.resize((out.size() + 7) / 8 * 8); // the words of the manifests may be any number
        Header h = header;
        h.bytes = static_cast<u32>(out.size());
        h.program_count = static_cast<u32>(programs.size());
        h.grant_count = static_cast<u32>(grants.size());
        h.need_count = static_cast<u32>(needs.size());
        h.quiesce_count = static_cast<u32>(quiesces.size());
        h.object_count = static_cast<u32>(objects.size());
        h.text_bytes = static_cast<u32>(
            out.size() - (sizeof h + programs.size() * sizeof(Program) +
                          grants.size() * sizeof(Grant) + needs.size() * sizeof(Need) +
                          quiesces.size() * sizeof(Quiesce) + objects.size() * sizeof(Object)));
        std::memcpy(out.data(), &h, sizeof h);
        std::vector<u64> file(out.size() / 8);
        std::memcpy(file.data(), out.data(), out.size());
        return file;
    }
};

} // namespace composition
