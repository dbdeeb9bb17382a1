#include "servers/shell/http.hpp" // under test: first, so that a missing include shows

#include <catch2/catch.hpp>
#include <string>

TEST_CASE("a URL is taken apart, and anything else refused", "[shell]")
{
    auto const plain = shell::parse_url("http://10.0.2.2");
    REQUIRE(plain);
    CHECK((plain->host == "10.0.2.2" && plain->port == 80 && plain->path == "/"));
    auto const full = shell::parse_url("http://example.org:8080/a/b?c=http://d");
    REQUIRE(full);
    CHECK((full->host == "example.org" && full->port == 8080));
    CHECK((full->authority == "example.org:8080" && full->path == "/a/b?c=http://d"));
    auto const six = shell::parse_url("http://[fe80::1]:81/x");
    REQUIRE(six);
    CHECK((six->host == "fe80::1" && six->port == 81 && six->authority == "[fe80::1]:81"));
    for (auto const* bad :
         {"", "http://", "http:///", "https://a/", "a", "http://:80/", "http://a:/", "http://a:0/",
          "http://a:65536/", "http://a b/", "http://[::1/", "http://[]/", "http://[::1]x/",
          "http://a/\r\nX: y", "http://a:80:90/"}) {
        INFO(bad);
        CHECK_FALSE(shell::parse_url(bad));
    }
}

TEST_CASE("an answer's head ends at the empty line, however it is cut up", "[shell]")
{
    std::string const text = "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nbody\n\r\n\r\nmore";
    for (usize cut = 0; cut <= text.size(); ++cut) {
        shell::HttpAnswer answer;
        std::string body{answer.take({text.data(), cut})};
        body += answer.take({text.data() + cut, text.size() - cut});
        CHECK(answer.status() == 404);
        CHECK(body == "body\n\r\n\r\nmore");
        CHECK(answer.body_bytes() == body.size());
    }
    for (auto const* bad : {"", "HTTP/1.0 2x0 \r\n\r\n", "\n\n", "garbage", "HTTP/1.1 099 \n\n"}) {
        shell::HttpAnswer answer;
        static_cast<void>(answer.take(bad));
        CHECK(answer.status() == 0);
    }
}

TEST_CASE("an answer that is shorter or longer than its head says is not whole", "[http]")
{
    auto const whole = [](std::string_view text) {
        shell::HttpAnswer answer;
        static_cast<void>(answer.take(text));
        return answer.is_whole();
    };
    std::string const head = "HTTP/1.1 200 OK\r\n", end = "\r\n\r\n12345";
    CHECK(whole(head + "Server: x" + end)); // the connection's end is the body's
    CHECK(whole(head + "Content-Length: 5" + end));
    CHECK(whole(head + "CONTENT-length:\t5  " + end));
    CHECK(whole(head + "Content-Length: 5\r\nContent-Length: 05" + end));
    CHECK_FALSE(whole(head + "Content-Length: 6" + end));
    CHECK_FALSE(whole(head + "Content-Length: 4" + end));
    CHECK_FALSE(whole(head + "Content-Length: 5\r\nContent-Length: 6" + end));
    CHECK_FALSE(whole(head + "Content-Length: 6\r\nContent-Length: 5" + end));
    for (std::string const bad : {"", "5x", "-5", "+5", "0x5", "99999999999999999999", "5, 5"})
        CHECK_FALSE(whole(head + "Content-Length: " + bad + end));
    CHECK(whole(head + "X-Content-Length: 9" + end));
    CHECK(whole(head + std::string(100, 'x') + "Content-Length: 9" + end));
    CHECK_FALSE(whole(head + "Content-Length: 0\r\n")); // the head has no end
    CHECK_FALSE(whole(""));
}
