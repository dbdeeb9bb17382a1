// Catch2's main, built once: it costs more than all tests.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
