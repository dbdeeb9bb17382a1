// I/O ports that have been issued as capabilities. A port belongs to one issued range at a time;
// it can be issued again when the last capability to that range is gone.
// Decoders: api/decode_io_port.cpp; release: api/finalise.cpp.
// Source: seL4 manual, "I/O Ports".
#pragma once

#include "kit/types.hpp"

namespace mk {

/// Whether none of the ports first..last (inclusive, first <= last) is issued.
bool io_ports_free(u16 first, u16 last);
/// Marks free ports as issued.
void issue_io_ports(u16 first, u16 last);
/// The last capability to this issued range is gone.
void release_io_ports(u16 first, u16 last);

} // namespace mk
