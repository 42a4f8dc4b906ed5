#include "net/store/etcd_client.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net::etcd;

TEST_CASE("the URLs of an etcd are read: names, addresses, usual port") {
  auto found = parse_urls("http://etcd-1.example:2379,http://127.0.0.1/,http://[::1]:23790,http://[::1]");
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 4);
  CHECK((*found)[0] == host_port{"etcd-1.example", 2379});
  CHECK((*found)[1] == host_port{"127.0.0.1", 2379});
  CHECK((*found)[2] == host_port{"::1", 23790});
  CHECK((*found)[3] == host_port{"::1", 2379});
}

TEST_CASE("a URL that cannot be an etcd's is refused by its text") {
  for (const auto* text : {"", "127.0.0.1:2379", "http://", "http://:2379", "http://a:0", "http://a:99999",
                           "http://a:2379/v3", "http://user@a:2379", "http://a:1,", "ftp://a:1"}) {
    CAPTURE(text);
    auto found = parse_urls(text);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code == errc::bad_argument);
  }
  CHECK(parse_urls("https://a:2379").error().message.find("https is not spoken") != std::string::npos);
}
