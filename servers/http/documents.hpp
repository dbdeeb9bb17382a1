// The JSON documents of /api, from facts. Their members: README.md.
#pragma once

#include "servers/http/facts.hpp"
#include "servers/http/site.hpp"

namespace http_server {

/// Any resource but the page.
void write_document(text::Writer& out, Resource resource, Facts const& facts);

} // namespace http_server
