#include "net/http/viewers_from.hpp"
#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;
using net::viewers_from;

TEST_CASE("loopback is this machine in every form of the address, and nothing else") {
  auto address = [](const char* text) { return boost::asio::ip::make_address(text); };
  for (auto here : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    CHECK_MESSAGE(net::serves(viewers_from::loopback, address(here)), here);
  for (auto afar : {"192.0.2.1", "10.0.0.1", "0.0.0.0", "::", "2001:db8::1", "fe80::1", "::ffff:192.0.2.1"}) {
    CHECK_MESSAGE(!net::serves(viewers_from::loopback, address(afar)), afar);
    CHECK_MESSAGE(net::serves(viewers_from::anywhere, address(afar)), afar);
  }
}

TEST_CASE("a node that serves its own machine serves a viewer there") {
  http_node_options options;
  options.http.from = viewers_from::loopback;
  http_node n(std::move(options));
  n.start();
  n.publish();
  n.play(0, 1);
  ws_client viewer(n.port);
  CHECK(viewer.upgrade("/live/room1.flv").starts_with("HTTP/1.1 101"));
}
