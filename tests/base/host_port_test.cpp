#include "base/host_port.hpp"

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("an address reads back as it was written") {
  for (auto text : {"127.0.0.1:7700", "[::1]:7700", "relay-1.example:0", ":8080", "[fe80::1%eth0]:65535"}) {
    CAPTURE(text);
    auto parsed = host_port::parse(text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->str() == text);
  }
}

TEST_CASE("a broken address is refused with the address in the text") {
  for (auto text : {"", "7700", "host", "host:", "host:65536", "host:-1", "host:1x", "::1:80", "[::1]",
                    "[::1]80", "[]:80", "[1.2.3.4]:80", "a b:80", "h/x:80", "[::1:80"}) {
    CAPTURE(text);
    auto parsed = host_port::parse(text);
    REQUIRE(!parsed.has_value());
    CHECK(parsed.error().code == errc::bad_argument);
    CHECK(parsed.error().message.find(std::string("'") + text + "'") != std::string::npos);
  }
}

TEST_CASE("loopback addresses are told from others") {
  CHECK(host_port::parse("127.1.2.3:1")->loopback());
  CHECK(host_port::parse("[::1]:1")->loopback());
  CHECK(host_port::parse("localhost:1")->loopback());
  CHECK_FALSE(host_port::parse(":1")->loopback());
  CHECK_FALSE(host_port::parse("0.0.0.0:1")->loopback());
  CHECK_FALSE(host_port::parse("[::]:1")->loopback());
}
