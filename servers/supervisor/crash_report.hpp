// A crash record in words, with names of functions where the boot archive has them: for the log,
// once the program's successor runs (or there will be none).
#pragma once

#include "composition/description.hpp"
#include "crash_store.hpp"
#include "report.hpp"
#include "symbols/symbols.hpp"

namespace supervisor {

/// The names of a program's functions; nothing in release images, or when the table is damaged.
std::optional<symbols::Table> symbols_of(std::span<u8 const> archive,
                                         composition::Program const& program);

void report_crash(Report& report, Crash const& crash, composition::Program const& program,
                  std::span<u8 const> archive);

} // namespace supervisor
