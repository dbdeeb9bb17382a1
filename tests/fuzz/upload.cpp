// Fuzzes what the upload server reads: heads of requests and manifests. What is accepted keeps what
// the readers promise; the same bytes are never read as two things.
#include "protocol/upload.hpp"
#include "protocol/uploads.hpp"
#include "servers/upload/head.hpp"
#include "servers/upload/manifest.hpp"

#include <cstdlib>

using namespace upload_server;

namespace {

bool is_inside(std::string_view part, std::string_view whole)
{
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void try_head(std::string_view text)
{
    auto const head = read_head(text);
    if (!head) {
        if (head.error().status < 400 || head.error().status > 505 || head.error().why.empty())
            std::abort();
        return;
    }
    auto const& it = *head;
    if (!is_program_name(it.name) || !is_inside(it.name, text) || !is_inside(it.token, text) ||
        it.manifest_bytes == 0 || it.manifest_bytes > max_manifest || it.file_bytes == 0 ||
        it.file_bytes > upload::max_file)
        std::abort();
}

void try_manifest(std::string_view text)
{
    Manifest manifest;
    text::Line<uploads::outcome_bytes> why;
    bool const good = read_manifest(text, manifest, why);
    if (good != why.view().empty() || manifest.use_count > Manifest::max_uses) std::abort();
    if (good && !is_inside(manifest.name, text)) std::abort();
    for (usize i = 0; i < manifest.use_count; ++i)
        if (manifest.uses[i].size() > 8 || !is_inside(manifest.uses[i], text)) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    if (size % 2 == 0) {
        usize const end = head_bytes(text);
        if (end > size) std::abort();
        try_head(text);
    }
    try_manifest(text);
    return 0;
}
