#include "actors/directory.hpp"
#include "actors/fd_transport.hpp"
#include "actors/system.hpp"
#include "base/bytes.hpp"
#include "support/eventually.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace sluice;
using namespace sluice::actors;
using namespace std::chrono_literals;
using sluice::test::eventually;

namespace {

constexpr auto limit = 60s;

/// What became of a line. The holder writes it on its own thread.
struct fate {
  std::atomic<int> heard{0};
  std::atomic<plane::line_fault> fault{};
  std::atomic<bool> over{false};
};

/// Like the guard's, over one end of a socketpair.
class watched_line final : public plane::control_line {
public:
  watched_line(int fd, std::shared_ptr<fate> out) : fd_(fd), fate_(std::move(out)) {}
  ~watched_line() override { fate_->over = true; }
  int take() override { return fd_; }
  void heard() override { ++fate_->heard; }
  void end(plane::line_fault why, std::string_view) override {
    if (fate_->fault.exchange(why) == plane::line_fault{}) ::shutdown(fd_, SHUT_RDWR);
  }

private:
  int fd_;
  std::shared_ptr<fate> fate_;
};

/// The other end, without CAF.
class raw_end {
public:
  raw_end() = default;
  explicit raw_end(int fd) : fd_(fd) {}
  raw_end(raw_end&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~raw_end() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  void write(byte_view bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  /// Reads on until the other side closes.
  bool ends() const {
    std::array<char, 4096> ignored;
    for (;;) {
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 60'000) <= 0) return false;
      if (::recv(fd_, ignored.data(), ignored.size(), 0) <= 0) return true;
    }
  }

private:
  int fd_ = -1;
};

struct new_line {
  std::shared_ptr<fate> known = std::make_shared<fate>();
  plane::control_line_ptr line;
  raw_end far;
};

new_line connect() {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  auto known = std::make_shared<fate>();
  return {known, std::make_unique<watched_line>(fds[0], known), raw_end(fds[1])};
}

byte_buffer header(std::uint8_t operation, std::uint32_t payload, std::uint64_t data, std::uint64_t source,
                   std::uint64_t destination) {
  byte_buffer bytes;
  byte_writer out(bytes);
  out.u8(operation);
  out.u24(0);
  out.u32(payload);
  out.u64(data);
  out.u64(source);
  out.u64(destination);
  return bytes;
}

/// A node that talks to a directory over `line`.
struct node {
  explicit node(plane::control_line_ptr line) : self(actors_.get()) {
    connect_line(actors_.get(), std::move(line), caf::actor_cast<link_actor>(self), limit);
    self->receive(
        [&](up_atom, const caf::strong_actor_ptr& peer) { door = caf::actor_cast<directory_actor>(peer); },
        [&](down_atom, const std::string& reason) { problem = reason; });
  }
  bool answered() {
    bool came = false;
    self->request(door, limit, overview_atom_v)
        .receive([&](const overview_answer&) { came = true; }, [](const caf::error&) {});
    return came;
  }

private:
  actors::system actors_;

public:
  caf::scoped_actor self;
  directory_actor door;
  std::string problem;
};

/// A directory that serves whoever has a line to it.
struct fixture {
  fixture() {
    directory_config config;
    config.options.id = "d1";
    config.options.boot_nonce = 5;
    door = actors.get().spawn(directory, config);
  }
  ~fixture() { caf::anon_send_exit(door, caf::exit_reason::user_shutdown); }

  std::shared_ptr<fate> serve(new_line& pair) {
    serve_line(actors.get(), std::move(pair.line), door);
    return pair.known;
  }
  /// A node, and what becomes of the directory's end of its connection.
  std::pair<std::unique_ptr<node>, std::shared_ptr<fate>> join() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    auto here = std::make_shared<fate>(), there = std::make_shared<fate>();
    serve_line(actors.get(), std::make_unique<watched_line>(fds[0], here), door);
    return {std::make_unique<node>(std::make_unique<watched_line>(fds[1], there)), here};
  }

  actors::system actors;
  directory_actor door;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a node and a directory talk over a line, and either's end is the line's") {
  auto [first, at_directory] = join();
  CHECK(first->problem.empty());
  CHECK(first->answered());
  CHECK(at_directory->heard > 0);
  first.reset();
  CHECK(eventually([&] { return at_directory->over.load(); }));
  CHECK(at_directory->fault.load() == plane::line_fault{});
}

TEST_CASE_FIXTURE(fixture, "a packet that kills CAF ends its connection, and the directory lives on") {
  auto [other, ignored] = join();
  REQUIRE(other->answered());
  auto killers = {header(1, 0, 0, 0, 0), header(1, 0xFFFFFFF0, 0, 0, 0), header(2, 5, 0, 1, 1),
                  header(0xFF, 0xFFFFFFFF, ~0ull, ~0ull, ~0ull)};
  for (const auto& killer : killers) {
    auto pair = connect();
    auto served = serve(pair);
    pair.far.write(byte_view(killer).first(7));
    REQUIRE(eventually([&] { return served->heard > 0; }));
    CHECK(served->fault.load() == plane::line_fault{});
    pair.far.write(byte_view(killer).subspan(7));
    CHECK(pair.far.ends());
    CHECK(eventually([&] { return served->over.load(); }));
    CHECK(served->fault.load() == plane::line_fault::bad_header);
    CHECK(other->answered());
  }
}

TEST_CASE_FIXTURE(fixture, "a peer that leaves before or within a packet does no harm") {
  auto [other, ignored] = join();
  for (std::size_t size : {0u, 5u}) {
    auto pair = connect();
    auto served = serve(pair);
    auto greeting = header(1, 100, 0, 0, 0);
    pair.far.write(byte_view(greeting).first(size));
    { auto gone = std::move(pair.far); }
    CHECK(eventually([&] { return served->over.load(); }));
    CHECK(served->fault.load() == plane::line_fault{});
  }
  CHECK(other->answered());
}

TEST_CASE("a node is told that its directory sent what CAF must not see, or left") {
  auto pair = connect();
  auto hostile = header(0, 0xFFFFFFF0, 3, 0, 0);
  pair.far.write(hostile);
  node refusing(std::move(pair.line));
  CHECK(!refusing.problem.empty());
  CHECK(pair.known->fault.load() == plane::line_fault::bad_header);

  auto second = connect();
  { auto gone = std::move(second.far); }
  node left(std::move(second.line));
  CHECK(!left.problem.empty());
  CHECK(second.known->fault.load() == plane::line_fault{});
}

TEST_CASE("a system that ends closes its lines") {
  auto pair = connect();
  {
    fixture short_lived;
    short_lived.serve(pair);
    std::array<char, 1> handshake;
    REQUIRE(::recv(pair.far.fd(), handshake.data(), 1, 0) == 1);
  }
  CHECK(pair.known->over);
  CHECK(pair.far.ends());
}

namespace {

/// Passes on what a node says to its directory, and back, until it stops listening to the directory.
class one_way {
public:
  one_way(raw_end node, raw_end door) : node_(std::move(node)), door_(std::move(door)) {}
  ~one_way() {
    over_ = true;
    thread_.join();
  }
  void stop_listening() { deaf_ = true; }

private:
  static void pass(const raw_end& from, const raw_end& to) {
    std::array<std::uint8_t, 4096> bytes;
    auto size = ::recv(from.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size > 0) ::send(to.fd(), bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
  }
  void run() {
    while (!over_) {
      pollfd waiting[] = {{node_.fd(), POLLIN, 0}, {deaf_ ? -1 : door_.fd(), POLLIN, 0}};
      ::poll(waiting, 2, 10);
      pass(node_, door_);
      if (!deaf_) pass(door_, node_);
    }
  }

  raw_end node_, door_;
  std::atomic<bool> deaf_{false}, over_{false};
  std::thread thread_{[this] { run(); }};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a peer that asks and does not read is ended before its answers fill the memory") {
  caf::scoped_actor self(actors.get());
  for (int i = 0; i < 300; ++i) {
    register_request request;
    request.node.id = "edge-" + std::to_string(i);
    request.node.role = cluster::node_role::edge;
    request.node.boot_nonce = 1;
    request.node.public_url = "https://edge.example.org/" + std::string(450, 'x');
    self->request(door, limit, register_atom_v, request)
        .receive([](const register_answer&) {}, [](const caf::error& e) { FAIL(from_caf(e).message); });
  }
  auto here = connect(), there = connect();
  auto served = serve(here);
  one_way between(std::move(there.far), std::move(here.far));
  node asking(std::move(there.line));
  REQUIRE(asking.answered());
  between.stop_listening();
  bool ended = eventually([&] {
    asking.self->send(asking.door, nodes_atom_v, page_query{});
    return served->over.load();
  });
  CHECK(ended);
  CHECK(served->fault.load() == plane::line_fault::unread);
  CHECK(join().first->answered());
}
