// What the server has to show: bodies, kept in the arena so that any number of connections send
// the same bytes. A body that is old is made anew for the next request, beside the one that is
// still being sent; with no room for it the old one is good enough.
#pragma once

#include "net/arena.hpp"
#include "text/format.hpp"
#include <optional>

namespace http_server {

enum class Resource : u8 { page, status, programs, memory, network, scheduler, interrupts, count };

/// A buffer of the arena into `out`. @error no_memory
inline Result<void> take_buffer(net::Arena& arena, u32 bytes, net::Buffer& out)
{
    auto buffer = net::Buffer::take(arena, bytes);
    if (!buffer) return buffer.error();
    out = std::move(*buffer);
    return {};
}

/// Where a path leads. The path is without query.
std::optional<Resource> resource_of(std::string_view path);

/// Writes bodies. What does not fit the writer is cut, and refused by the site.
class Renderer {
public:
    virtual void render(Resource resource, text::Writer& out) = 0;

protected:
    ~Renderer() = default;
};

/// A body with the fields about it in front.
struct Body {
    net::Piece piece{};
    u32 fields_bytes = 0; ///< with the empty line
};

class Site {
public:
    static constexpr u64 fresh_ns = 250'000'000; ///< a body is shown as new for so long
    static constexpr u32 max_bodies = 16, max_body_bytes = 96 << 10;

    Site(net::Arena& arena, Renderer& renderer, std::string_view page_policy)
        : arena_{arena}, renderer_{renderer}, policy_{page_policy}
    {
    }

    /// A body, not older than fresh_ns where there is room; close() gives it back. Cost: the
    /// renderer's, at most once in fresh_ns for each resource.
    /// @error no_memory  there is none, and no room
    Result<u32> open(Resource resource, u64 now);
    void close(u32 body);
    Body body(u32 index) const { return {kept_[index].buffer.piece(), kept_[index].fields_bytes}; }

private:
    struct Kept {
        net::Buffer buffer;
        u64 made = 0;
        u32 fields_bytes = 0, users = 0;
        Resource resource = Resource::page;
        bool used = false;
    };
    u32 newest(Resource resource) const;
    u32 take_place();
    Result<u32> make(Resource resource, u64 now);

    net::Arena& arena_;
    Renderer& renderer_;
    std::string_view policy_;
    Kept kept_[max_bodies];
};

} // namespace http_server
