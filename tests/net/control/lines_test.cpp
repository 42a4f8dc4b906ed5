#include "net/control/lines.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <sys/socket.h>

using namespace sluice;
using namespace sluice::net;

namespace {

constexpr int sweeps_allowed = 10;

/// A line as its holder has it, and the peer's end.
struct connection {
  explicit connection(control_lines& all) {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    line = all.add(unique_fd(fds[0]), "peer");
    fd.reset(line->take());
    peer.reset(fds[1]);
  }
  bool open() const {
    char byte = 0;
    return ::recv(peer.get(), &byte, 1, 0) != 0;
  }

  unique_fd peer, fd;
  plane::control_line_ptr line; // ends before the descriptor is closed
};

struct fixture {
  void sweep(int times) {
    for (int i = 0; i < times; ++i)
      all->sweep();
  }

  std::shared_ptr<guard_counters> counters = std::make_shared<guard_counters>();
  std::shared_ptr<control_lines> all =
      std::make_shared<control_lines>(counters, std::chrono::milliseconds(5000), logger());
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a line that heard nothing for the idle limit is shut down, and counted once") {
  connection quiet(*all), talking(*all);
  CHECK(all->sweep_period() * sweeps_allowed == std::chrono::seconds(5));
  sweep(sweeps_allowed);
  CHECK(quiet.open());
  talking.line->heard();
  sweep(1);
  CHECK(!quiet.open());
  CHECK(talking.open());
  sweep(sweeps_allowed - 1);
  CHECK(talking.open());
  CHECK(counters->idle_closed == 1);
}

TEST_CASE_FIXTURE(fixture, "a peer whose bytes wait to be read is not silent") {
  connection one(*all);
  REQUIRE(::send(one.peer.get(), "x", 1, 0) == 1);
  sweep(3 * sweeps_allowed);
  CHECK(one.open());
  char byte = 0;
  REQUIRE(::recv(one.fd.get(), &byte, 1, 0) == 1);
  one.line->heard();
  sweep(sweeps_allowed);
  CHECK(one.open());
  sweep(1);
  CHECK(!one.open());
}

TEST_CASE_FIXTURE(fixture, "a line is ended once, with the first reason") {
  connection one(*all);
  one.line->end(plane::line_fault::bad_header, "the operation is 9");
  CHECK(!one.open());
  one.line->end(plane::line_fault::unread, "9 bytes wait to be read");
  sweep(2 * sweeps_allowed);
  CHECK(counters->bad_headers == 1);
  CHECK(counters->unread_closed == 0);
  CHECK(counters->idle_closed == 0);
}

TEST_CASE_FIXTURE(fixture, "a line counts while it lives, and outlives the others and their owner") {
  std::optional<connection> first(*all);
  connection second(*all);
  CHECK(counters->open == 2);
  CHECK(counters->proven == 2);
  first.reset();
  CHECK(counters->open == 1);
  all->end_all();
  CHECK(!second.open());
  all.reset();
  second.line->heard();
  second.line.reset();
  CHECK(counters->open == 0);
}

TEST_CASE_FIXTURE(fixture, "the socket of a line that nobody took is closed with it") {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  unique_fd peer(fds[1]);
  all->add(unique_fd(fds[0]), "peer").reset();
  char byte = 0;
  CHECK(::recv(peer.get(), &byte, 1, 0) == 0);
}
