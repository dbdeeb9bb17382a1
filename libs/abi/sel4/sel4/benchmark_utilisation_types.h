/* Utilisation tracking is not configured (CONFIG_BENCHMARK_TRACK_UTILISATION): this header exists
 * so that sources which include it compile. */
#pragma once

#include <sel4/config.h>
