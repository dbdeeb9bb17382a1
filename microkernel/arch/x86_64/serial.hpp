// COM1, where the kernel prints. User space may own the same ports: the kernel only polls, and sets
// the line up once at boot. Source: PC16550D data sheet, "Registers".
#pragma once

namespace mk {

/// 115200 baud, 8 data bits, no parity, one stop bit, FIFOs on, no interrupts.
void init_serial();

} // namespace mk
