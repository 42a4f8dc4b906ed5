#include "net/control/proof.hpp"
#include "net/control/support.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <poll.h>
#include <sys/socket.h>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::net::test;

namespace {

// A directory's guard and the connections it handed over.
struct served {
  explicit served(guard_options how) : door(home.home(), std::move(how), logger()) {
    REQUIRE(door.listen(any_port()).has_value());
    door.serve([this](plane::control_line_ptr line) {
      std::lock_guard lock(mutex);
      peers.emplace_back(std::move(line));
    });
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(door.port()); }
  std::size_t count() {
    std::lock_guard lock(mutex);
    return peers.size();
  }
  connection& first() {
    REQUIRE(eventually([&] { return count() > 0; }));
    std::lock_guard lock(mutex);
    return peers.front();
  }

  std::mutex mutex;
  std::deque<connection> peers;
  loop home;
  guard door;
};

/// A node that dialled a directory, and the connection it got.
struct dialler {
  explicit dialler(const served& directory, guard_options how = options())
      : door(home.home(), std::move(how), logger()) {
    auto line = dial(door, directory.address());
    REQUIRE(line.has_value());
    here.emplace(std::move(*line));
  }
  int fd() const { return here->fd.get(); }

  loop home;
  guard door;
  std::optional<connection> here;
};

byte_buffer read_exactly(int fd, std::size_t size) {
  byte_buffer out(size);
  std::size_t used = 0;
  while (used < size) {
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, 5000) <= 0) break;
    auto n = ::recv(fd, out.data() + used, size - used, 0);
    if (n <= 0) break;
    used += static_cast<std::size_t>(n);
  }
  out.resize(used);
  return out;
}

void write_all(int fd, const byte_buffer& bytes) {
  for (std::size_t used = 0; used < bytes.size();) {
    auto n = ::send(fd, bytes.data() + used, bytes.size() - used, MSG_NOSIGNAL);
    if (n > 0) used += static_cast<std::size_t>(n);
    pollfd waiting{fd, POLLOUT, 0};
    REQUIRE(::poll(&waiting, 1, 5000) > 0);
  }
}

bool ends(int fd) {
  return read_exactly(fd, 1).empty();
}

} // namespace

TEST_CASE("a proven pair is connected, and a connection that is let go ends") {
  served directory(options());
  dialler node(directory);
  byte_buffer hello(9, 0x5a);
  write_all(directory.first().fd.get(), hello);
  CHECK(read_exactly(node.fd(), hello.size()) == hello);
  write_all(node.fd(), hello);
  CHECK(read_exactly(directory.first().fd.get(), hello.size()) == hello);
  CHECK(directory.door.counters().proven == 1);
  CHECK(directory.door.counters().open == 1);
  node.here.reset();
  CHECK(ends(directory.first().fd.get()));
  CHECK(node.door.counters().open == 0);
  std::lock_guard lock(directory.mutex);
  directory.peers.clear();
  CHECK(directory.door.counters().open == 0);
}

TEST_CASE("an empty secret on both sides still speaks the protocol") {
  served directory(options(""));
  dialler node(directory, options(""));
}

TEST_CASE("another secret or cluster is refused with the reason") {
  served directory(options());
  loop home;
  guard other_secret(home.home(), options("wrong"), logger());
  auto line = dial(other_secret, directory.address());
  REQUIRE(!line.has_value());
  CHECK(line.error().code == errc::unauthorized);
  CHECK(line.error().message ==
        directory.address() + ": the peer has another cluster secret (--secret-file differs)");
  guard empty_secret(home.home(), options(""), logger());
  CHECK(dial(empty_secret, directory.address()).error().code == errc::unauthorized);
  auto elsewhere = options();
  elsewhere.cluster = "other";
  guard other_cluster(home.home(), elsewhere, logger());
  line = dial(other_cluster, directory.address());
  CHECK(line.error().code == errc::unauthorized);
  CHECK(line.error().message.find("another cluster (") != std::string::npos);
  CHECK(eventually([&] { return directory.door.counters().refused_cluster == 1; }));
  CHECK(directory.door.counters().refused_secret == 2);
  CHECK(directory.count() == 0);
}

TEST_CASE("a port where nobody listens, a silent host and a broken address fail in words") {
  loop home;
  auto how = options();
  how.connect_limit = std::chrono::milliseconds(500);
  guard node(home.home(), how, logger());
  asio::io_context io;
  asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  auto address = "127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  auto line = dial(node, address);
  CHECK(line.error().code == errc::timed_out);
  CHECK(line.error().message == address + ": no answer within 500 ms");
  silent.close();
  line = dial(node, address);
  CHECK(line.error().code == errc::io);
  CHECK(line.error().message == address + ": refused");
  CHECK(dial(node, "no port").error().code == errc::bad_argument);
  CHECK(node.counters().dial_failures == 3);
}

TEST_CASE("strangers are closed, counted and do not disturb a peer") {
  auto how = options();
  how.proof_limit = std::chrono::milliseconds(500);
  served directory(how);
  dialler node(directory);

  stranger web(directory.door.port());
  web.send(as_bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(web.read_to_end().empty());
  stranger crafted(directory.door.port());
  crafted.send(byte_buffer(64, 0));
  CHECK(crafted.read_to_end().empty());
  stranger idle(directory.door.port());
  CHECK(idle.read_to_end().empty());
  stranger slow(directory.door.port());
  slow.send(as_bytes(proof_magic.substr(0, 5)));
  CHECK(slow.read_to_end().empty());
  CHECK(eventually([&] { return directory.door.counters().unproven == 0; }));
  CHECK(directory.door.counters().refused_garbage == 2);
  CHECK(directory.door.counters().proof_timeouts == 2);

  byte_buffer hello(9, 0x5a);
  write_all(directory.first().fd.get(), hello);
  CHECK(read_exactly(node.fd(), hello.size()) == hello);
}

TEST_CASE("a code sent back to its maker proves nothing") {
  served directory(options());
  stranger mirror(directory.door.port());
  byte_buffer mine;
  byte_writer out(mine);
  out.text(proof_magic);
  out.text("test");
  mine.resize(proof_preamble_size, 0);
  mine.insert(mine.end(), sizeof(mac), 0);
  mirror.send(mine);
  auto answer = mirror.read_to_end();
  REQUIRE(answer.size() == proof_preamble_size + 1);
  CHECK(answer.back() == static_cast<std::uint8_t>(proof_verdict::wrong_secret));
  nonce a{1}, b{2};
  proof_identity self{"test", "s3cret"};
  CHECK(client_code(self, a, b) != server_code(self, b, a));
  CHECK(client_code(self, a, a) != server_code(self, a, a));
}

TEST_CASE("a silent peer is closed after the idle limit") {
  auto how = options();
  how.idle_limit = std::chrono::milliseconds(60);
  served directory(how);
  dialler node(directory);
  CHECK(ends(node.fd()));
  CHECK(eventually([&] { return directory.door.counters().idle_closed == 1; }));
}

TEST_CASE("unproven connections over the limit are closed at once") {
  auto how = options();
  how.max_unproven = 2;
  served directory(how);
  stranger first(directory.door.port()), second(directory.door.port());
  REQUIRE(eventually([&] { return directory.door.counters().unproven == 2; }));
  stranger third(directory.door.port());
  CHECK(third.read_to_end().empty());
  CHECK(directory.door.counters().refused_full == 1);
}

TEST_CASE("closing ends the listener and the connections, and later dials are told") {
  served directory(options());
  dialler node(directory);
  REQUIRE(eventually([&] { return directory.count() == 1; }));
  directory.door.close();
  CHECK(ends(node.fd()));
  CHECK(eventually([&] { return dial(node.door, directory.address()).error().code == errc::io; }));
  node.door.close();
  CHECK(eventually([&] { return dial(node.door, directory.address()).error().code == errc::closed; }));
}

TEST_CASE("a connection outlives the guard that made it, closed") {
  std::optional<connection> here;
  {
    served directory(options());
    dialler node(directory);
    here = std::move(node.here);
  }
  CHECK(ends(here->fd.get()));
  here->line->heard();
}

TEST_CASE("a dial is answered exactly once when the loop is destroyed under it") {
  asio::io_context io;
  asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  std::atomic<int> answers{0};
  inline_executor here;
  {
    auto patient = options();
    patient.connect_limit = std::chrono::minutes(1);
    loop home;
    guard node(home.home(), patient, logger());
    node.dial("127.0.0.1:" + std::to_string(silent.local_endpoint().port()), here,
              [&](result<plane::control_line_ptr> r) {
                CHECK(r.error().code == errc::closed);
                ++answers;
              });
  }
  CHECK(answers == 1);
}
