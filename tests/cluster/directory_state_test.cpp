#include "directory_fixture.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;
using namespace std::chrono_literals;

TEST_CASE("a registered relay is listed, and the revision moves with the digest only") {
  cluster_fixture c;
  auto before = c.directory.list_revision();
  c.add("r1");
  CHECK(c.state("r1") == relay_state::joining);
  CHECK(c.directory.list_revision().counter == before.counter + 1);
  CHECK(c.directory.list_revision().directory == "d1");
  c.advance(500ms);
  CHECK(c.state("r1") == relay_state::ready);
  before = c.directory.list_revision();
  c.advance(3s, {"r1"});
  c.add("r1");
  c.add("o1", node_role::origin);
  CHECK(c.directory.list_revision() == before);
  CHECK(validate(c.directory.list()).has_value());
  CHECK(c.directory.publish(c.now).list == c.directory.list());
}

TEST_CASE("a silent relay is suspect after 3 s and gone after 5 s, and one heartbeat restores it") {
  cluster_fixture c;
  for (auto id : {"r1", "r2", "r3", "r4"})
    c.add(id);
  names others{"r2", "r3", "r4"};
  c.advance(2750ms, others);
  CHECK(c.state("r1") == relay_state::ready);
  c.advance(250ms, others);
  CHECK(c.state("r1") == relay_state::suspect);
  CHECK(c.beat("r1").has_value());
  CHECK(c.state("r1") == relay_state::ready);
  c.advance(4750ms, others);
  CHECK(c.state("r1") == relay_state::suspect);
  c.advance(250ms, others);
  CHECK_FALSE(c.state("r1").has_value());
  auto late = c.beat("r1");
  REQUIRE(late.has_error());
  CHECK(late.error().code == errc::not_found);
  CHECK(late.error().message.find("register") != std::string::npos);
  c.add("r1");
  CHECK(c.state("r1") == relay_state::ready);
}

TEST_CASE("a restarted node replaces its old self at once, whose late messages are refused") {
  cluster_fixture c;
  c.add("o1", node_role::origin);
  REQUIRE(c.publish("o1", at(unix_now)).has_value());
  c.add("o1", node_role::origin, 2);
  CHECK(c.directory.streams().empty());
  CHECK(c.beat("o1", 1).error().code == errc::stale);
  CHECK(c.directory.register_node(c.node("o1", node_role::origin, 1), c.now).error().code == errc::stale);
  CHECK(c.publish("o1", at(unix_now)).error().code == errc::stale);
  CHECK(c.beat("o1", 2).has_value());
  CHECK(c.beat("o1", 3).error().code == errc::not_found);
  CHECK(c.directory.nodes(c.now).size() == 1);
}

TEST_CASE("a node whose clock went back gets its place when its old self is silent") {
  cluster_fixture c;
  c.add("r1", node_role::relay, 5);
  CHECK(c.directory.register_node(c.node("r1", node_role::relay, 4), c.now).has_error());
  c.advance(3s);
  CHECK(c.directory.register_node(c.node("r1", node_role::relay, 4), c.now).has_value());
  CHECK(c.state("r1") == relay_state::joining);
}

TEST_CASE("a node that leaves takes its streams along, and they are remembered") {
  cluster_fixture c;
  c.add("o1", node_role::origin);
  REQUIRE(c.publish("o1", at(unix_now)).has_value());
  CHECK(c.directory.leave("o1", 1, c.now).has_value());
  CHECK(c.directory.nodes(c.now).empty());
  CHECK(c.directory.enumerate(key(), "", c.now).live == liveness::not_live);
  CHECK(c.directory.recall(key(), c.now).last == at(unix_now));
}

TEST_CASE("a relay drains by its own word or by an operator's, which survives its restart") {
  cluster_fixture c;
  c.add("r1");
  c.advance(1s, {"r1"});
  REQUIRE(c.beat("r1", 1, true).has_value());
  CHECK(c.state("r1") == relay_state::draining);
  REQUIRE(c.beat("r1", 1, false).has_value());
  CHECK(c.state("r1") == relay_state::ready);
  REQUIRE(c.drain("r1", true).has_value());
  CHECK(c.state("r1") == relay_state::draining);
  c.add("r1", node_role::relay, 2);
  CHECK(c.state("r1") == relay_state::draining);
  c.advance(1s, {});
  REQUIRE(c.drain("r1", false).has_value());
  CHECK(c.state("r1") == relay_state::ready);
}

TEST_CASE("each unusable field of a registration is refused by node and name") {
  cluster_fixture c;
  auto refused = [&](auto change, std::string_view field) {
    auto node = c.node("r1");
    change(node);
    auto done = c.directory.register_node(node, c.now);
    REQUIRE(done.has_error());
    CHECK(done.error().code == errc::bad_argument);
    CHECK_MESSAGE(done.error().message.find(field) != std::string::npos, done.error().message);
  };
  refused([](auto& n) { n.id = "r 1"; }, "node id");
  refused([](auto& n) { n.id = std::string(65, 'r'); }, "node id");
  refused([](auto& n) { n.role = static_cast<node_role>(9); }, "role 9");
  refused([](auto& n) { n.zone = "a b"; }, "node r1: zone");
  refused([](auto& n) { n.trunk_address.clear(); }, "node r1: trunk_address");
  refused([](auto& n) { n.weight = 0; }, "weight 0");
  refused([](auto& n) { n.public_url = std::string(max_url + 1, 'x'); }, "public_url");
  refused([](auto& n) { n.version = "1 2"; }, "version");
  CHECK(c.directory.nodes(c.now).empty());
}

TEST_CASE("the number of nodes is bounded") {
  directory_options options;
  options.max_nodes = 2;
  cluster_fixture c(options);
  c.add("a");
  c.add("b");
  CHECK(c.directory.register_node(c.node("c"), c.now).error().code == errc::unavailable);
  CHECK(c.directory.register_node(c.node("b"), c.now).has_value());
}

TEST_CASE("a young directory is warming, and says unknown instead of not live") {
  directory_state young(cluster_fixture::named({}), start);
  CHECK(young.warming(start + 4999ms));
  CHECK(young.publish(start).warming);
  CHECK(young.enumerate(key(), "", start + 4999ms).live == liveness::unknown);
  CHECK_FALSE(young.warming(start + 5s));
  CHECK(young.enumerate(key(), "", start + 5s).live == liveness::not_live);
}

TEST_CASE("a directory that stood still knows that it does not know, and expires nobody unheard") {
  cluster_fixture c;
  c.add("o1", node_role::origin);
  c.add("r1");
  c.add("r2");
  REQUIRE(c.publish("o1", at(unix_now)).has_value());
  c.now += 1min;
  c.directory.advance(c.now);
  CHECK(c.directory.enumerate(key(), "", c.now).live == liveness::live);
  CHECK(c.directory.enumerate(key("live/new"), "", c.now).live == liveness::unknown);
  CHECK(c.state("r1") == relay_state::suspect);
  REQUIRE(c.beat("r1").has_value());
  c.advance(2500ms);
  CHECK(c.state("r1") == relay_state::ready);
  CHECK_FALSE(c.state("r2").has_value());
  CHECK(c.directory.enumerate(key(), "", c.now).live == liveness::unknown);
  c.advance(2500ms, {"r1"});
  CHECK(c.directory.enumerate(key("live/new"), "", c.now).live == liveness::not_live);
}

TEST_CASE("an announced stream is live with its epoch and origin, until withdrawn with that epoch") {
  cluster_fixture c;
  c.add("o1", node_role::origin);
  c.add("r1");
  REQUIRE(c.publish("o1", at(unix_now)).has_value());
  auto found = c.directory.enumerate(key(), "", c.now);
  CHECK(found.live == liveness::live);
  CHECK(found.live_epoch == at(unix_now));
  CHECK(found.origin == "o1");
  CHECK(found.digest == c.directory.list().digest);
  CHECK(ids(found.head) == names{"r1"});
  CHECK_FALSE(c.directory.withdraw(key(), at(unix_now - 1), c.now));
  CHECK(c.directory.withdraw(key(), at(unix_now), c.now));
  CHECK(c.directory.enumerate(key(), "", c.now).live == liveness::not_live);
}

TEST_CASE("streams end with their origin's lease, and heartbeats carry their newest timestamp") {
  cluster_fixture c;
  c.add("o1", node_role::origin);
  REQUIRE(c.publish("o1", at(unix_now)).has_value());
  node_heartbeat beat;
  beat.id = "o1";
  beat.boot_nonce = 1;
  beat.load = {1, 2, 3};
  beat.timestamps = {{"live/room1", 77}, {"live/other", 5}};
  REQUIRE(c.directory.heartbeat(beat, c.now).has_value());
  CHECK(c.directory.streams()[0].last_timestamp == 77);
  CHECK(c.directory.nodes(c.now)[0].load == load_report{1, 2, 3});
  CHECK(c.directory.recall(key(), c.now).live_origin == "o1");
  c.advance(5s);
  CHECK(c.directory.streams().empty());
  auto past = c.directory.recall(key(), c.now);
  CHECK(past.last == at(unix_now));
  CHECK(past.last_timestamp == 77);
  CHECK_FALSE(past.live_origin.has_value());
}

TEST_CASE("an origin hears with its heartbeat which of its streams another origin took") {
  cluster_fixture c;
  c.add("o1", node_role::origin);
  c.add("o2", node_role::origin);
  REQUIRE(c.publish("o1", at(unix_now)).has_value());
  node_heartbeat beat;
  beat.id = "o1";
  beat.boot_nonce = 1;
  beat.timestamps = {{"live/room1", 77}, {"live/other", 5}};
  CHECK(c.directory.lost_streams(beat).empty());
  REQUIRE(c.publish("o2", at(unix_now + 1)).has_value());
  auto lost = c.directory.lost_streams(beat);
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].key == "live/room1");
  CHECK(lost[0].newest == at(unix_now + 1));
  beat.id = "o2";
  CHECK(c.directory.lost_streams(beat).empty());
}

TEST_CASE("announcements need a lease") {
  cluster_fixture c;
  CHECK(c.publish("o1", at(unix_now)).error().code == errc::not_found);
}

TEST_CASE("nodes are listed with role, state and the age of their last word") {
  cluster_fixture c;
  c.add("r1");
  c.add("e1", node_role::edge);
  c.advance(3s, {"e1"});
  auto nodes = c.directory.nodes(c.now);
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].id == "e1");
  CHECK(nodes[0].role == node_role::edge);
  CHECK(nodes[0].state == relay_state::ready);
  CHECK(nodes[1].state == relay_state::suspect);
  CHECK(nodes[1].last_heard_ms == 3000);
}

TEST_CASE("when most relays fall silent together they are kept as suspect, and the rest goes on") {
  cluster_fixture c;
  for (auto id : {"r1", "r2", "r3", "r4"})
    c.add(id);
  c.advance(6s, {"r4"});
  CHECK(c.directory.frozen());
  for (auto id : {"r1", "r2", "r3"})
    CHECK(c.state(id) == relay_state::suspect);
  CHECK(c.state("r4") == relay_state::ready);
  CHECK(c.directory.enumerate(key(), "", c.now).live == liveness::unknown);
  CHECK(ids(c.directory.enumerate(key(), "", c.now).head) == names{"r4"});

  SUBCASE("half of all back thaws, and who does not come back expires") {
    REQUIRE(c.beat("r1").has_value());
    c.directory.advance(c.now);
    CHECK_FALSE(c.directory.frozen());
    CHECK(c.state("r2") == relay_state::suspect);
    REQUIRE(c.beat("r2").has_value());
    c.advance(3s, {"r1", "r2", "r4"});
    CHECK(c.state("r2") == relay_state::ready);
    CHECK_FALSE(c.state("r3").has_value());
    CHECK_FALSE(c.directory.frozen());
  }
  SUBCASE("a command thaws at once") {
    CHECK(c.directory.thaw(c.now));
    CHECK(ids(c.directory.list().relays) == names{"r4"});
    CHECK_FALSE(c.directory.thaw(c.now));
    c.advance(6s, {"r4"});
    CHECK_FALSE(c.directory.frozen());
  }
  SUBCASE("ten minutes thaw") {
    c.advance(9min, {"r4"});
    CHECK(c.directory.frozen());
    c.advance(1min, {"r4"});
    CHECK_FALSE(c.directory.frozen());
    CHECK(ids(c.directory.list().relays) == names{"r4"});
  }
}

TEST_CASE("relays that expire one after the other within a lease period freeze too, the first returns to the "
          "list") {
  cluster_fixture c;
  for (auto id : {"r1", "r2", "r3", "r4", "r5"})
    c.add(id);
  c.advance(3s, {"r2", "r3", "r4", "r5"});
  c.advance(4s, {"r4", "r5"});
  CHECK_FALSE(c.state("r1").has_value());
  CHECK_FALSE(c.directory.frozen());
  c.advance(2s, {"r4", "r5"});
  CHECK(c.directory.frozen());
  for (auto id : {"r1", "r2", "r3"})
    CHECK(c.state(id) == relay_state::suspect);
}

TEST_CASE("a minority, or less than three relays, expires without a freeze") {
  cluster_fixture c;
  for (auto id : {"r1", "r2", "r3", "r4"})
    c.add(id);
  c.advance(6s, {"r3", "r4"});
  CHECK_FALSE(c.directory.frozen());
  CHECK(c.directory.list().relays.size() == 2);
  c.advance(10s);
  CHECK_FALSE(c.directory.frozen());
  CHECK(c.directory.list().relays.empty());
}
