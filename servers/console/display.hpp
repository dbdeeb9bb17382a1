// The console's end of the framebuffer: writes the cells that the screen shows into the memory it
// shares with the driver, when the driver has drawn what was written before.
#pragma once

#include "program/program.hpp"
#include "servers/console/terminal.hpp"

namespace console_server {

class DisplayEdge {
public:
    /// Takes over what a predecessor showed, if the driver is there.
    DisplayEdge(program::Use use, Screen& screen, Terminal& terminal);

    /// Looks whether the driver is another one, with another geometry.
    void look();
    /// Hands the screen to the driver, unless it is still drawing: then it signals when it is done.
    void draw();
    /// Shows lines that scrolled off: `pages` of half a screen back (negative: forward).
    void look_back(int pages);
    void look_back_end() { screen_.look_back(0); }

private:
    bool geometry();
    void take_over();
    bool write_cells();

    program::Use use_;
    display::Shared* shared_;
    Screen& screen_;
    Terminal& terminal_;
    u32 epoch_ = 0;
};

} // namespace console_server
