// kit/result.hpp: a value or an error; TRY hands the error on and runs nothing after it.
#include "kit/result.hpp"
#include <catch2/catch.hpp>
#include <memory>

namespace {

Result<int> half(int number)
{
    if (number % 2 != 0) return Error::bad_argument;
    return number / 2;
}

Result<int> quarter(int number, int& steps)
{
    int const once = TRY(half(number));
    ++steps;
    int const twice = TRY(half(once));
    ++steps;
    return twice;
}

Result<void> check(bool good)
{
    if (!good) return Error::corrupt;
    return {};
}

} // namespace

TEST_CASE("a result holds a value or an error")
{
    Result<int> const good = half(8);
    REQUIRE(good);
    CHECK(*good == 4);
    Result<int> const bad = half(7);
    REQUIRE_FALSE(bad);
    CHECK(bad.error() == Error::bad_argument);
}

TEST_CASE("TRY leaves with the first error")
{
    int steps = 0;
    CHECK(*quarter(12, steps) == 3);
    CHECK(steps == 2);
    steps = 0;
    CHECK(quarter(6, steps).error() == Error::bad_argument);
    CHECK(steps == 1);
}

TEST_CASE("a result without a value is good unless told otherwise")
{
    CHECK(check(true));
    CHECK(check(true).error() == Error::ok);
    CHECK(check(false).error() == Error::corrupt);
}

TEST_CASE("a result destroys the value it holds, once")
{
    auto const shared = std::make_shared<int>(1);
    {
        Result<std::shared_ptr<int>> const held{shared};
        CHECK(shared.use_count() == 2);
        Result<std::shared_ptr<int>> const none{Error::not_found};
        CHECK(shared.use_count() == 2);
    }
    CHECK(shared.use_count() == 1);
}
