// The head of an upload's request, checked. Strict: what is not exactly such a request is refused,
// and so is whatever a web page could have a browser send (another Host, an Origin, fetch
// metadata). [RFC 9112, sections 2 to 6; RFC 9110, sections 5, 7.2 and 10.1.1; Fetch, "Origin
// header"; Fetch Metadata Request Headers]
//
//     POST /programs/NAME HTTP/1.1
//     Host: an IP address or localhost, and a port
//     X-Hypercore-Token: 32 hexadecimal digits
//     X-Manifest-Length: bytes of the manifest, with which the content begins
//     Content-Length: bytes of manifest and ELF file
#pragma once

#include "kit/result.hpp"
#include <string_view>

namespace upload_server {

inline constexpr u32 max_head = 4096, max_manifest = 4096;
inline constexpr usize max_name = 14;

/// What a client is told: a status of HTTP, and why.
struct Refusal {
    u32 status = 0;
    std::string_view why;
};

/// Its views are of the head's bytes.
struct Head {
    std::string_view name, token;
    u32 manifest_bytes = 0, file_bytes = 0;
};

/// The program's name: 1 to max_name of a-z, 0-9 and '-', the first a letter.
bool is_program_name(std::string_view name);

/// Bytes of the head with the empty line at its end; 0: it is not complete.
usize head_bytes(std::string_view received);

/// Reads a complete head. @error  the first thing that is wrong
Result<Head, Refusal> read_head(std::string_view head);

} // namespace upload_server
