#include "http/request.hpp" // under test: first, so that a missing include shows
#include "http/response.hpp"

#include <catch2/catch.hpp>
#include <string>

using http::Method;
using http::Request;
using http::Status;

namespace {

struct Read {
    Request request;
    usize taken;
};

/// Read at once, which must come to the same as byte by byte.
Read read(std::string const& text)
{
    Read whole{};
    whole.taken = whole.request.feed(text);
    Request pieces;
    usize taken = 0;
    for (char const& c : text) taken += pieces.feed({&c, 1});
    CHECK(taken == whole.taken);
    CHECK(pieces.ended() == whole.request.ended());
    CHECK(pieces.error() == whole.request.error());
    CHECK(pieces.path() == whole.request.path());
    CHECK(pieces.keeps_alive() == whole.request.keeps_alive());
    return whole;
}
/// Status of a request that ends.
Status status(std::string const& text)
{
    auto const it = read(text);
    CHECK(it.request.ended());
    return it.request.error();
}
/// With a Host field and the empty line.
std::string with(std::string const& fields)
{
    return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

} // namespace

TEST_CASE("a request of a browser", "[http]")
{
    std::string const text = "GET /api/status?x=1 HTTP/1.1\r\nHost: localhost:8080\r\n"
                             "Accept: */*\r\nUser-Agent: Mozilla/5.0 (X11; \"x\")\r\n\r\n";
    auto const it = read(text + "GET /next");
    CHECK(it.taken == text.size());
    CHECK(it.request.ended());
    CHECK(it.request.error() == Status::ok);
    CHECK(it.request.method() == Method::get);
    CHECK(it.request.path() == "/api/status");
    CHECK(it.request.keeps_alive());
    CHECK_FALSE(it.request.has_content());
}

TEST_CASE("an unfinished request has no error", "[http]")
{
    Request request;
    CHECK(request.feed("\r\n\r\n") == 4);
    CHECK_FALSE(request.begun());
    CHECK(request.feed("GET / HT") == 8);
    CHECK(request.begun());
    CHECK_FALSE(request.ended());
}

TEST_CASE("methods", "[http]")
{
    CHECK(read("HEAD / HTTP/1.1\r\nHost:\r\n\r\n").request.method() == Method::head);
    for (std::string const name : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"})
        CHECK(read(name + " / HTTP/1.1\r\nHost: a\r\n\r\n").request.method() == Method::other);
    CHECK(read("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n").request.method() == Method::other);
    CHECK(read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").request.method() == Method::other);
    for (std::string const name : {"get", "BREW", "GETGETGETGETGETGETGETGET"}) {
        auto const it = read(name + " / HTTP/1.1\r\nHost: a\r\n\r\n").request;
        CHECK(it.method() == Method::unknown);
        CHECK(it.error() == Status::ok);
    }
    CHECK(status(" / HTTP/1.1\r\n") == Status::bad_request);
    CHECK(status("G@T / HTTP/1.1\r\n") == Status::bad_request);
    CHECK(status("\x16\x03\x01") == Status::bad_request); // TLS
}

TEST_CASE("targets", "[http]")
{
    auto const path = [](std::string const& target) {
        auto const it = read("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(it.request.error() == Status::ok);
        return std::string{it.request.path()};
    };
    CHECK(path("/") == "/");
    CHECK(path("/a%62c%2fd") == "/abc/d");
    CHECK(path("/?a/b?c=%41") == "/");
    CHECK(path("http://host:80/x?y") == "/x");
    CHECK(path("HTTP://host") == "/");
    CHECK(path("http://host?q") == "/");
    for (std::string const target : {"*", "a", "ftp://x/", "http://", "http:///x", "http:/x/",
                                     "/%4", "/%zz", "/a#b", "/\xc3", "/a\"", "/%", "/?%4"})
        CHECK(status("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n") == Status::bad_request);
    CHECK(status("GET  / HTTP/1.1\r\n") == Status::bad_request);
    CHECK(status("GET / /  HTTP/1.1\r\n") == Status::bad_request);

    std::string const longest = "/" + std::string(Request::max_target - 1, 'x');
    auto const it = read("GET " + longest + " HTTP/1.1\r\nHost: a\r\n\r\n").request;
    CHECK(it.error() == Status::ok);
    CHECK(it.path_was_cut());
    CHECK(it.path().size() == Request::max_kept);
    CHECK(status("GET " + longest + "x HTTP/1.1\r\n") == Status::uri_too_long);
}

TEST_CASE("versions", "[http]")
{
    CHECK(status("GET / HTTP/2.0\r\n") == Status::version_not_supported);
    CHECK(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Status::bad_request); // * is of OPTIONS
    CHECK(status("GET / HTTP/0.9\r\n") == Status::version_not_supported);
    for (std::string const version : {"HTTP/1", "HTTP/1.", "HTTP/1.10", "http/1.1", "HTTP/x.1", ""})
        CHECK(status("GET / " + version + "\r\n") == Status::bad_request);
    CHECK(status("GET /\r\n") == Status::bad_request);
    auto const old = read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").request;
    CHECK(old.error() == Status::ok);
    CHECK_FALSE(old.keeps_alive());
    CHECK(read("GET / HTTP/1.7\r\nHost: a\r\n\r\n").request.keeps_alive());
}

TEST_CASE("Host is there once", "[http]")
{
    CHECK(status("GET / HTTP/1.1\r\n\r\n") == Status::bad_request);
    CHECK(status(with("Host: b\r\n")) == Status::bad_request);
    CHECK(status("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == Status::bad_request);
    CHECK(status("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == Status::bad_request);
    CHECK(status("GET / HTTP/1.1\r\nhOST: \t[::1]:80 \t\r\n\r\n") == Status::ok);
}

TEST_CASE("what could be read in two ways is refused", "[http]")
{
    CHECK(status("GET / HTTP/1.1\nHost: a\n\n") == Status::bad_request);
    CHECK(status("GET / HTTP/1.1\r\nHost: a\n\n") == Status::bad_request);
    CHECK(status("GET / HTTP/1.1\r\nHost : a\r\n\r\n") == Status::bad_request);
    CHECK(status(with("A: b\r c\r\n")) == Status::bad_request);
    CHECK(status(with("A: b\r\n c\r\n")) == Status::bad_request); // folded
    CHECK(status(with(": b\r\n")) == Status::bad_request);
    CHECK(status(with("novalue\r\n")) == Status::bad_request);
    CHECK(status(with(std::string{"A: \0\r\n", 6})) == Status::bad_request);
    CHECK(status(with("A: \xff\tx\r\n")) == Status::ok);
    CHECK(status(with("Content-Length: 5\r\nContent-Length: 5\r\n")) == Status::bad_request);
    for (std::string const length : {"", "+5", "-1", "5, 5", "5 5", "0x5", "99999999999999999999"})
        CHECK(status(with("Content-Length: " + length + "\r\n")) == Status::bad_request);
    CHECK(status(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")) ==
          Status::bad_request);
    CHECK(status("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == Status::bad_request);
    CHECK(status(with("Transfer-Encoding: chunked, chunked\r\n")) == Status::bad_request);
    CHECK(status(with("Transfer-Encoding: gzip, chunked\r\n")) == Status::not_implemented);
}

TEST_CASE("content and the connection's end", "[http]")
{
    CHECK_FALSE(read(with("Content-Length: 0\r\n")).request.has_content());
    CHECK(read(with("Content-Length: 7 \r\n")).request.has_content());
    CHECK(read(with("Transfer-Encoding: Chunked\r\n")).request.has_content());
    CHECK_FALSE(read(with("Connection: Upgrade, CLOSE\r\n")).request.keeps_alive());
    CHECK_FALSE(read(with("Connection:close,\r\n")).request.keeps_alive());
    CHECK(read(with("Connection: closed, not close\r\n")).request.keeps_alive());
}

TEST_CASE("a head that is too long is refused", "[http]")
{
    std::string const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    std::string const fits(Request::max_head - start.size() - 4, 'x');
    CHECK(status(start + fits + "\r\n\r\n") == Status::ok);
    CHECK(status(start + fits + "x\r\n\r\n") == Status::header_fields_too_large);
    CHECK(status(std::string(Request::max_head + 1, 'G')) == Status::header_fields_too_large);
}

TEST_CASE("starts and fields of responses", "[http]")
{
    text::Line<64> date;
    http::write_date(date, 784111777);
    CHECK(date.view() == "Sun, 06 Nov 1994 08:49:37 GMT"); // RFC 9110, section 5.6.7
    text::Line<http::max_start> out;
    http::write_start(out, Status::header_fields_too_large, 784111777, false);
    CHECK_FALSE(out.was_cut());
    CHECK(out.view() == "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n");
    out.clear();
    http::write_start(out, Status::method_not_allowed, 0, true);
    CHECK(out.view() == "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n");
    text::Line<200> fields;
    http::write_content_fields(fields, "text/plain", 12, "A: b\r\n");
    CHECK(fields.view() == "Content-Type: text/plain\r\nContent-Length: 12\r\nA: b\r\n\r\n");
}
