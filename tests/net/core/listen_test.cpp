#include "net/core/listen.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

using namespace sluice;
using net::listen_options;
using net::open_listener;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

listen_options with_flag(bool reuse_port = false) {
  listen_options options;
  options.reuse_port = reuse_port;
  options.flag_name = "--control-listen";
  return options;
}

host_port on_loopback(std::uint16_t port) {
  host_port out;
  out.host = "127.0.0.1";
  out.port = port;
  return out;
}

} // namespace

TEST_CASE("port 0 is given a free port that can be read back and reached") {
  asio::io_context io;
  auto listener = open_listener(io, on_loopback(0), with_flag());
  REQUIRE(listener.has_value());
  auto port = listener->local_endpoint().port();
  CHECK(port != 0);
  tcp::socket client(io);
  client.connect({asio::ip::address_v4::loopback(), port});
  CHECK(listener->accept().is_open());
}

TEST_CASE("a taken port is refused with the pid and name of its holder and the flag to change") {
  asio::io_context io;
  auto first = open_listener(io, on_loopback(0), with_flag());
  REQUIRE(first.has_value());
  auto address = on_loopback(first->local_endpoint().port());
  for (bool reuse_port : {false, true}) {
    auto second = open_listener(io, address, with_flag(reuse_port));
    REQUIRE(!second.has_value());
    CHECK(second.error().code == errc::io);
    CHECK(second.error().message ==
          fmt::format("cannot listen on {}: in use by pid {} (test_net); choose another "
                      "with --control-listen",
                      address.str(), getpid()));
  }
}

TEST_CASE("acceptors of one process share a port, but a second process that would share it is told") {
  asio::io_context io;
  auto first = open_listener(io, on_loopback(0), with_flag(true));
  REQUIRE(first.has_value());
  auto address = on_loopback(first->local_endpoint().port());
  auto sharing = with_flag(true);
  sharing.probe = false;
  CHECK(open_listener(io, address, sharing).has_value());
  CHECK(!open_listener(io, address, with_flag(true)).has_value());
}

TEST_CASE("an empty host listens for v4 and v6 peers alike") {
  asio::io_context io;
  auto listener = open_listener(io, host_port{}, with_flag());
  REQUIRE(listener.has_value());
  auto port = listener->local_endpoint().port();
  tcp::socket v4(io);
  v4.connect({asio::ip::address_v4::loopback(), port});
  CHECK(v4.is_open());
  if (listener->local_endpoint().protocol() == tcp::v6()) {
    tcp::socket v6(io);
    boost::system::error_code failure;
    v6.connect({asio::ip::address_v6::loopback(), port}, failure);
    CHECK(!failure);
  }
}

TEST_CASE("an address this machine does not have is refused in words") {
  asio::io_context io;
  host_port address;
  address.host = "203.0.113.7";
  address.port = 0;
  auto listener = open_listener(io, address, with_flag());
  REQUIRE(!listener.has_value());
  CHECK(listener.error().message.find("cannot listen on 203.0.113.7:0: ") == 0);
}
