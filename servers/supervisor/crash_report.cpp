// See crash_report.hpp.
#include "crash_report.hpp"

#include "composition/reader.hpp"
#include "cpio/cpio.hpp"

namespace supervisor {

namespace {

using Place = kit::Text<symbols::max_name + 20>;

/// "function+0x1c", or the address. behind: how far the address is behind what is looked up.
Place place(std::optional<symbols::Table> const& table, u64 address, u64 behind)
{
    auto const found = table ? table->find(address - behind) : std::nullopt;
    if (!found) return Place{}.add(kit::Hex{address});
    return Place{}.add(found->name, "+", kit::Hex{found->offset + behind});
}

} // namespace

std::optional<symbols::Table> symbols_of(std::span<u8 const> archive,
                                         composition::Program const& program)
{
    kit::Text<composition::name_bytes + 8> name;
    name.add(composition::text(program.file), ".symbols");
    auto const file = cpio::find(archive, name.view());
    if (!file || !*file) return {};
    auto const table = symbols::Table::open((*file)->data);
    if (!table) return {};
    return *table;
}

void report_crash(Report& report, Crash const& crash, composition::Program const& program,
                  std::span<u8 const> archive)
{
    constexpr usize width = 100; // of a line
    auto const table = symbols_of(archive, program);
    report.problem("'", composition::text(program.name), "' (instance ", crash.epoch, ") ended in ",
                   place(table, crash.registers[0], 0).view());
    kit::Text<width> line;
    for (u64 const frame : crash.backtrace) {
        if (frame == 0) break;
        // A call may be a function's last instruction: what matters is where the call is.
        auto const caller = place(table, frame, 1);
        if (line.view().size() + caller.view().size() + 2 > width) {
            report.problem(line.view());
            line.clear();
        }
        line.add(line.view().empty() ? "  called from " : ", ", caller.view());
    }
    if (!line.view().empty()) report.problem(line.view());
}

} // namespace supervisor
