// See site.hpp.
#include "servers/http/site.hpp"

#include "http/response.hpp"

namespace http_server {

namespace {

constexpr std::string_view paths[] = {"/",
                                      "/api/status",
                                      "/api/programs",
                                      "/api/memory",
                                      "/api/network",
                                      "/api/scheduler",
                                      "/api/interrupts"};
static_assert(std::size(paths) == static_cast<usize>(Resource::count));

constexpr std::string_view common_fields = "Cache-Control: no-store\r\n"
                                           "X-Content-Type-Options: nosniff\r\n"
                                           "Cross-Origin-Resource-Policy: same-origin\r\n"
                                           "Referrer-Policy: no-referrer\r\n";
constexpr u32 none = Site::max_bodies;

} // namespace

std::optional<Resource> resource_of(std::string_view path)
{
    for (usize i = 0; i < std::size(paths); ++i)
        if (paths[i] == path) return static_cast<Resource>(i);
    return {};
}

u32 Site::newest(Resource resource) const
{
    u32 best = none;
    for (u32 i = 0; i < max_bodies; ++i)
        if (kept_[i].used && kept_[i].resource == resource &&
            (best == none || kept_[i].made > kept_[best].made))
            best = i;
    return best;
}

/// A free place, or that of the oldest body which nobody sends.
u32 Site::take_place()
{
    u32 best = none;
    for (u32 i = 0; i < max_bodies; ++i) {
        if (!kept_[i].used) return i;
        if (kept_[i].users == 0 && (best == none || kept_[i].made < kept_[best].made)) best = i;
    }
    if (best != none) kept_[best] = Kept{};
    return best;
}

Result<u32> Site::open(Resource resource, u64 now)
{
    u32 const old = newest(resource);
    bool const is_fresh =
        old != none && (resource == Resource::page || now - kept_[old].made < fresh_ns);
    if (!is_fresh) {
        if (old != none && kept_[old].users == 0) kept_[old].made = 0; // the first to be replaced
        auto const made = make(resource, now);
        if (made) {
            ++kept_[*made].users;
            return *made;
        }
        if (newest(resource) == none) return Error::no_memory;
    }
    u32 const shown = newest(resource);
    ++kept_[shown].users;
    return shown;
}

void Site::close(u32 body)
{
    --kept_[body].users;
}

Result<u32> Site::make(Resource resource, u64 now)
{
    static char scratch[max_body_bytes];
    text::Writer content{scratch};
    renderer_.render(resource, content);
    if (content.was_cut()) return Error::no_memory;
    bool const is_page = resource == Resource::page;
    text::Line<1024> fields;
    text::Line<900> more;
    more.write(common_fields);
    if (is_page) text::format(more, "Content-Security-Policy: {}\r\n", policy_);
    http::write_content_fields(fields, is_page ? "text/html; charset=utf-8" : "application/json",
                               content.view().size(), more.view());
    u32 const place = take_place();
    if (place == none || fields.was_cut() || more.was_cut()) return Error::no_memory;
    auto const total = static_cast<u32>(fields.view().size() + content.view().size());
    TRY(take_buffer(arena_, total, kept_[place].buffer));
    u8* to = kept_[place].buffer.data();
    for (char const c : fields.view()) *to++ = static_cast<u8>(c);
    for (char const c : content.view()) *to++ = static_cast<u8>(c);
    kept_[place].made = now;
    kept_[place].fields_bytes = static_cast<u32>(fields.view().size());
    kept_[place].resource = resource;
    kept_[place].used = true;
    return place;
}

} // namespace http_server
