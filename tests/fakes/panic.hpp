// A panic in a host test is an exception that carries the line.
#pragma once

#include <stdexcept>
#include <string>

namespace fake {
struct Panic : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// What was logged since the last clear().
std::string& log_text();
} // namespace fake
