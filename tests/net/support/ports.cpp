#include "net/support/ports.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <fmt/format.h>

#include <random>
#include <vector>

namespace sluice::test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// An abstract name a port: the other tests of this machine do the same.
bool reserve(std::uint16_t port) {
  static asio::io_context io;
  static std::vector<asio::local::datagram_protocol::socket> reserved;
  asio::local::datagram_protocol::socket claim(io);
  claim.open();
  auto name = fmt::format("{}sluice-test-port-{}", '\0', port);
  boost::system::error_code taken;
  claim.bind(asio::local::datagram_protocol::endpoint(name), taken);
  if (taken) return false;
  reserved.push_back(std::move(claim));
  return true;
}

bool nobody_listens(std::uint16_t port) {
  asio::io_context io;
  tcp::acceptor probe(io, tcp::v4());
  probe.set_option(tcp::acceptor::reuse_address(true));
  boost::system::error_code taken;
  probe.bind({asio::ip::address_v4::loopback(), port}, taken);
  return !taken;
}

} // namespace

std::uint16_t free_port() {
  static std::random_device random;
  std::uniform_int_distribution<int> any(12'000, 31'999);
  while (true) {
    auto port = static_cast<std::uint16_t>(any(random));
    if (reserve(port) && nobody_listens(port)) return port;
  }
}

} // namespace sluice::test
