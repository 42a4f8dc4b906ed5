#include "directory_list_fixture.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;
using namespace std::chrono_literals;

TEST_CASE("relays that only the store lists are on the list, as the store has them") {
  list_fixture c;
  c.add("r1");
  auto far = stored("r2");
  far.state = relay_state::draining;
  c.adopt({stored("r1"), far, stored("r3")});
  CHECK(ids(c.directory.list().relays) == names{"r1", "r2", "r3"});
  CHECK(c.state("r2") == relay_state::draining);
  CHECK(c.state("r3") == relay_state::ready);
  auto nodes = c.directory.nodes(c.now);
  CHECK_FALSE(nodes[0].elsewhere);
  CHECK(nodes[2].elsewhere);
  c.adopt({stored("r1")});
  CHECK(ids(c.directory.list().relays) == names{"r1"});
  CHECK(c.drain("r2", true).has_value());
}

TEST_CASE(
    "a relay that is listed by the store with the same boot does not join again, and a newer boot counts") {
  list_fixture c;
  c.adopt({stored("r1")});
  c.add("r1");
  CHECK(c.state("r1") == relay_state::ready);
  c.adopt({stored("r1", 5)});
  CHECK(c.directory.list().relays[0].boot_nonce == 5);
  c.add("r1", node_role::relay, 5);
  CHECK(c.state("r1") == relay_state::ready);
}

TEST_CASE("a relay that falls silent here is at best suspect, whatever the store lists, until it restarts") {
  list_fixture c;
  for (auto id : {"r1", "r2", "r3"})
    c.add(id);
  c.adopt({stored("r1")});
  c.advance(5s, {"r2", "r3"});
  CHECK(c.state("r1") == relay_state::suspect);
  SUBCASE("nobody else hears it") {
    c.adopt({});
    CHECK_FALSE(c.state("r1").has_value());
  }
  SUBCASE("the store's word may be that of a directory that died with it") {
    for (auto passed = 0s; passed < 60s; passed += 1s) {
      c.advance(1s, {"r2", "r3"});
      REQUIRE(c.state("r1") == relay_state::suspect);
    }
    c.adopt({stored("r1", 2)});
    CHECK(c.state("r1") == relay_state::ready);
  }
}

TEST_CASE("while the store does not answer nothing it listed expires, and own leases go on") {
  list_fixture c;
  for (auto id : {"r1", "r2", "r3", "r4", "r5"})
    c.add(id);
  c.adopt({stored("far"), stored("r1")});
  CHECK_FALSE(c.directory.publish(c.now).store_lost);
  c.adopt({stored("far"), stored("r1")}, false);
  CHECK(c.directory.publish(c.now).store_lost);
  c.advance(2min, {"r3", "r4", "r5"});
  CHECK(c.state("far") == relay_state::ready);
  CHECK(c.state("r1") == relay_state::suspect);
  CHECK_FALSE(c.state("r2").has_value());
  CHECK(c.state("r3") == relay_state::ready);
  c.adopt({stored("far")});
  CHECK_FALSE(c.state("r1").has_value());
  CHECK_FALSE(c.directory.publish(c.now).store_lost);
}

TEST_CASE("a relay that left is not listed again by an old word of the store") {
  list_fixture c;
  c.add("r1");
  c.adopt({stored("r1")});
  REQUIRE(c.directory.leave("r1", 1, c.now).has_value());
  CHECK_FALSE(c.state("r1").has_value());
  c.adopt({stored("r1")});
  CHECK_FALSE(c.state("r1").has_value());
  c.adopt({stored("r1", 2)});
  CHECK(c.state("r1") == relay_state::ready);
}

TEST_CASE("what the store says wrongly is left out and named, and the rest counts") {
  list_fixture c;
  auto bad = stored("r1");
  bad.trunk_address = "nowhere";
  auto done = c.directory.adopt({}, {bad, stored("r2")}, true, c.now);
  REQUIRE(done.has_error());
  CHECK(done.error().message.find("r1") != std::string::npos);
  CHECK(ids(c.directory.list().relays) == names{"r2"});
  auto rules = *with_copies({}, 1, 7);
  rules.copies = 99;
  CHECK(c.directory.adopt(rules, {}, true, c.now).error().message.find("copies") != std::string::npos);
  rules.copies = 1;
  CHECK(c.directory.adopt(rules, {}, true, c.now).has_value());
  CHECK(c.directory.rules() == rules);
}

TEST_CASE("the store is told of identity, drain and weight of relays heard here, and of each change once") {
  list_fixture c;
  c.add("r1");
  c.add("e1", node_role::edge);
  c.directory.advance(c.now);
  auto first = c.changes();
  CHECK(first.put == std::vector<relay_entry>{stored("r1")});
  CHECK(first.removed.empty());
  c.advance(2s, {"r1"});
  c.blame("r1", {});
  CHECK(c.changes().empty());
  REQUIRE(c.beat("r1", 1, true).has_value());
  c.advance(250ms);
  auto drained = c.changes();
  REQUIRE(drained.put.size() == 1);
  CHECK(drained.put[0].state == relay_state::draining);
  c.advance(4s);
  CHECK(c.state("r1") == relay_state::suspect);
  CHECK(c.changes().empty());
  c.advance(2s);
  CHECK(c.changes().removed == names{"r1"});
  CHECK(c.changes().empty());
}

TEST_CASE("a relay that expires is taken back from the store though the store still lists it here") {
  list_fixture c;
  c.add("r1");
  c.directory.advance(c.now);
  CHECK(ids(c.changes().put) == names{"r1"});
  c.adopt({stored("r1")});
  c.advance(6s);
  CHECK(c.state("r1") == relay_state::suspect);
  CHECK(c.changes().removed == names{"r1"});
  c.adopt({});
  c.advance(250ms);
  CHECK_FALSE(c.state("r1").has_value());
}

TEST_CASE(
    "after its warming a directory takes back what its earlier life told the store of relays now dead") {
  directory_state young(cluster_fixture::named({}), start);
  REQUIRE(young.adopt({}, {stored("dead"), stored("r1")}, true, start).has_value());
  REQUIRE(young.register_node(cluster_fixture::node("r1"), start).has_value());
  young.advance(start);
  CHECK(ids(young.take_store_changes(start).put) == names{"r1"});
  young.advance(start + 2s);
  node_heartbeat beat;
  beat.id = "r1";
  beat.boot_nonce = 1;
  REQUIRE(young.heartbeat(beat, start + 4s).has_value());
  young.advance(start + 4s);
  CHECK(young.take_store_changes(start + 4s).empty());
  young.advance(start + 5s);
  CHECK(young.take_store_changes(start + 5s).removed == names{"dead"});
  CHECK(young.take_store_changes(start + 5s).empty());
}
