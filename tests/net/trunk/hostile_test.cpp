#include "net/support/live_log.hpp"
#include "net/support/scripted_relay.hpp"
#include "net/trunk/log_receiver.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

namespace {

struct relay_with_log {
  explicit relay_with_log(std::chrono::milliseconds write_limit = 10s)
      : a("a", {.server = {.handshake_limit = 600ms, .write_limit = write_limit}}) {
    address = a.serve().trunk_address;
    a.start();
    log.emplace(a, 2);
  }
  [[nodiscard]] bool counted(std::uint64_t n) {
    return eventually([&] { return a.count(&trunk_counters::protocol_errors) == n; });
  }
  /// Proves itself as a node that pulls.
  static void introduce(raw_client& client, const std::string& secret = "secret") {
    trunk::hello said;
    said.who = trunk::introduce({"test", "t", secret}, trunk::side::client, {}, client.challenge());
    client.send_frame(*trunk::encode(said));
  }

  node a;
  std::optional<live_log> log;
  std::string address;
};

const std::string play = "/trunk/play/live/room1";

} // namespace

TEST_CASE("what is no HTTP is closed and counted") {
  relay_with_log relay;
  raw_client client(relay.address);
  client.send("\x16\x03\x01 not http\r\n\r\n");
  CHECK(client.closed());
  CHECK(relay.counted(1));
}

TEST_CASE("connections beyond the limit are closed at once and counted") {
  node a("a", {.server = {.max_connections = 2}});
  auto address = a.serve().trunk_address;
  a.start();
  raw_client one(address), two(address);
  one.upgrade(play);
  two.upgrade(play);
  REQUIRE_FALSE(one.wait_for("challenge").empty());
  REQUIRE_FALSE(two.wait_for("challenge").empty());
  raw_client three(address);
  CHECK(three.closed());
  CHECK(a.count(&trunk_counters::over_limit) == 1);
}

TEST_CASE("requests for anything else are answered 404 and counted") {
  relay_with_log relay;
  raw_client other(relay.address), plain(relay.address);
  other.upgrade("/trunk/elsewhere/live/room1");
  CHECK_FALSE(other.wait_for("404").empty());
  CHECK(other.closed());
  plain.send("GET /trunk/play/live/room1 HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_FALSE(plain.wait_for("404").empty());
  CHECK(relay.counted(2));
}

TEST_CASE("a client that says nothing is closed at the handshake's limit") {
  relay_with_log relay;
  raw_client silent(relay.address);
  CHECK(silent.closed());
  raw_client unproven(relay.address);
  unproven.upgrade(play);
  CHECK_FALSE(unproven.wait_for("challenge").empty());
  CHECK(unproven.closed());
}

TEST_CASE("a wrong secret, broken JSON and a first message of another kind are refused and counted") {
  relay_with_log relay;
  raw_client guess(relay.address);
  guess.upgrade(play);
  relay_with_log::introduce(guess, "guess");
  CHECK_FALSE(guess.wait_for("unauthorized").empty());
  CHECK(guess.closed());
  raw_client broken(relay.address);
  broken.upgrade(play);
  CHECK_FALSE(broken.wait_for("challenge").empty());
  broken.send_frame("{\"type\":");
  CHECK_FALSE(broken.wait_for("malformed").empty());
  CHECK(broken.closed());
  raw_client early(relay.address);
  early.upgrade(play);
  CHECK_FALSE(early.wait_for("challenge").empty());
  early.send_frame(R"({"type":"tick","head":1})");
  CHECK_FALSE(early.wait_for("malformed").empty());
  CHECK(relay.counted(3));
  CHECK(relay.a.count(&trunk_counters::served) == 0);
}

TEST_CASE("unknown message types and fields are skipped, before the hello and after") {
  relay_with_log relay;
  raw_client client(relay.address);
  client.upgrade(play);
  client.wait_for("challenge");
  client.send_frame(R"({"type":"weather","sun":true})");
  relay_with_log::introduce(client);
  CHECK_FALSE(client.wait_for("\"path\":[\"a\"]").empty());
  client.send_frame(R"({"type":"weather","sun":false})");
  client.send_frame(R"({"type":"tick","head":1,"mood":"good"})");
  relay.log->more();
  CHECK_FALSE(client.wait_for("\"type\":\"tick\"").empty());
  CHECK(relay.a.count(&trunk_counters::protocol_errors) == 0);
}

TEST_CASE("a puller that takes nothing is let go") {
  relay_with_log relay(300ms);
  raw_client frozen(relay.address);
  frozen.upgrade(play);
  relay_with_log::introduce(frozen);
  CHECK_FALSE(frozen.wait_for("\"type\":\"hello\"").empty());
  CHECK(eventually([&] { return relay.a.server->pulls().size() == 1; }));
  // More than the kernel holds for a connection.
  relay.log->more(10'000);
  REQUIRE(relay.log->head() > 10'000'000);
  // Before so many ticks and beats wait for it that the link gives up.
  static_assert(trunk::link::max_waiting_texts * trunk::tick_interval / 2 > 6s);
  CHECK(eventually([&] { return relay.a.server->pulls().empty(); }, 5s));
}

TEST_CASE("log bytes from a puller and frames beyond the limit end the connection") {
  relay_with_log relay;
  raw_client bytes(relay.address);
  bytes.upgrade(play);
  relay_with_log::introduce(bytes);
  bytes.send_frame("0123456789", true);
  CHECK(bytes.closed());
  raw_client large(relay.address);
  large.upgrade(play);
  CHECK_FALSE(large.wait_for("challenge").empty());
  large.send_frame(std::string(trunk::max_puller_message + 1, ' '));
  CHECK(large.closed());
  CHECK(relay.counted(2));
}

TEST_CASE("a push of bytes that are no tags is refused and its log goes on elsewhere") {
  node r("r");
  auto address = r.serve().trunk_address;
  r.start();
  raw_client client(address);
  client.upgrade("/trunk/publish/live/room1");
  trunk::hello said;
  said.who = trunk::introduce({"test", "t", "secret"}, trunk::side::client, {}, client.challenge());
  trunk::log_state log;
  log.log_epoch = epoch{100};
  log.path = {"t"};
  log.present = {true, true};
  said.log = log;
  client.send_frame(*trunk::encode(said));
  REQUIRE_FALSE(client.wait_for("\"from\":0").empty());
  client.send_frame(std::string(100, 'x'), true);
  CHECK(client.closed());
  CHECK(eventually([&] { return r.count(&trunk_counters::protocol_errors) == 1; }));
  CHECK(eventually([&] { return !r.status().live; }));
}

TEST_CASE("a push whose epoch is more than a day ahead, or that comes through this node, is refused") {
  node r("r");
  auto address = r.serve().trunk_address;
  r.start();
  auto offer = [&](epoch of, std::vector<node_id> path) {
    raw_client client(address);
    client.upgrade("/trunk/publish/live/room1");
    trunk::hello said;
    said.who = trunk::introduce({"test", "t", "secret"}, trunk::side::client, {}, client.challenge());
    trunk::log_state log;
    log.log_epoch = of;
    log.path = std::move(path);
    said.log = log;
    client.send_frame(*trunk::encode(said));
    CHECK_FALSE(client.wait_for("\"error\"").empty());
    CHECK(client.closed());
  };
  auto in_two_days = unix_ms_now() + 48ull * 3600 * 1000;
  offer(epoch{in_two_days << 16}, {"t"});
  offer(epoch{100}, {"o", "r", "t"});
  CHECK_FALSE(r.status().live);
}
