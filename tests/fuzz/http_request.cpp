// Fuzzes libs/http/request: a head cut anywhere reads as the whole does, nothing is taken behind
// its end, and what is kept is bounded.
#include "http/request.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    http::Request whole, cut;
    usize const taken = whole.feed(text);
    usize const middle = size > 0 ? data[0] % size : 0;
    usize again = cut.feed(text.substr(0, middle));
    if (again == middle) again += cut.feed(text.substr(middle));
    if (taken != again || whole.ended() != cut.ended() || whole.error() != cut.error() ||
        whole.path() != cut.path() || whole.method() != cut.method() ||
        whole.has_content() != cut.has_content() || whole.keeps_alive() != cut.keeps_alive())
        std::abort();
    if (!whole.ended() && taken != size) std::abort();
    if (whole.path().size() > http::Request::max_kept || taken > size) std::abort();
    if (whole.ended() && whole.feed("x") != 0) std::abort();
    if (whole.ended() && whole.error() == http::Status::ok && whole.path().empty() &&
        whole.method() == http::Method::get)
        std::abort();
    return 0;
}
