// What the injector tells the prober, and what that ends with.
#pragma once

#include "kit/types.hpp"

namespace probe {

enum class Which : u64 { clock = 1, entropy = 2, log = 3 };
enum class Status : int { good = 0, wrong = 1, gone = 2 };

} // namespace probe
