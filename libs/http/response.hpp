// The head of an HTTP/1.1 response, in two parts: what differs from response to response, and the
// fields about the content, which may be kept with it. [RFC 9112, section 4; RFC 9110]
#pragma once

#include "http/status.hpp"
#include "text/format.hpp"

namespace http {

/// Bytes of the longest start.
inline constexpr usize max_start = 160;

/// Status line, Date, Connection and, with 405, Allow.
/// @param seconds     since 1970-01-01 UTC; 0: nobody knows, and no Date is said
///                    [RFC 9110, section 6.6.1 "Date"]
/// @param keep_alive  the connection goes on
void write_start(text::Writer& out, Status status, u64 seconds, bool keep_alive);

/// Content-Type, Content-Length and `more` fields, each with its line end; then the empty line.
void write_content_fields(text::Writer& out, std::string_view type, u64 length,
                          std::string_view more);

/// "Sun, 06 Nov 1994 08:49:37 GMT". [RFC 9110, section 5.6.7 "Date/Time Formats"]
void write_date(text::Writer& out, u64 seconds);

} // namespace http
