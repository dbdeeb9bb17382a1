// The page (page.html) as the build makes it: scripts/gen/web_page.py.
#pragma once

#include <string_view>

namespace http_server {

extern std::string_view const page;
extern std::string_view const page_policy; ///< its Content-Security-Policy

} // namespace http_server
