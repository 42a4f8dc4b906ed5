#include "directory_list_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> many(std::string_view prefix, int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i)
    out.push_back(fmt::format("{}{:02}", prefix, i));
  return out;
}

} // namespace

TEST_CASE("a new relay is joining for half a second, a restarted one too, and one that was away is not") {
  list_fixture c;
  c.add("r1");
  CHECK(c.state("r1") == relay_state::joining);
  c.advance(250ms);
  CHECK(c.state("r1") == relay_state::joining);
  c.advance(250ms);
  CHECK(c.state("r1") == relay_state::ready);
  c.add("r1", node_role::relay, 2);
  CHECK(c.state("r1") == relay_state::joining);
  c.advance(500ms);
  CHECK(c.state("r1") == relay_state::ready);
  for (auto away : {6s, 30s}) {
    c.advance(away);
    CHECK_FALSE(c.state("r1").has_value());
    c.add("r1", node_role::relay, 2);
    CHECK(c.state("r1") == relay_state::ready);
  }
}

TEST_CASE("relays that come to a young directory are ready at once") {
  directory_state young(cluster_fixture::named({}), start);
  REQUIRE(young.register_node(cluster_fixture::node("r1"), start + 1s).has_value());
  CHECK(young.list().relays[0].state == relay_state::ready);
}

TEST_CASE("a newer policy takes force, an older one is ignored, a broken one is refused") {
  list_fixture c;
  c.add("r1");
  auto counter = c.directory.list_revision().counter;
  auto newer = *with_copies(c.directory.rules(), 3, unix_us);
  CHECK(*c.directory.set_policy(newer, c.now));
  CHECK(c.directory.list().rules == newer);
  CHECK(c.directory.list_revision().counter == counter + 1);
  CHECK_FALSE(*c.directory.set_policy(newer, c.now));
  CHECK_FALSE(*c.directory.set_policy(policy{}, c.now));
  auto broken = *with_copies(newer, 4, unix_us + 1);
  broken.copies = 0;
  CHECK(c.directory.set_policy(broken, c.now).error().code == errc::bad_argument);
  CHECK(c.directory.rules() == newer);
  CHECK(c.directory.list_revision().counter == counter + 1);
}

TEST_CASE("changes made to one policy by two operators are both in force, whichever comes first") {
  list_fixture c;
  auto before = c.directory.rules();
  auto mine = *with_copies(before, 3, unix_us), yours = *with_spread(before, 3, unix_us + 5);
  CHECK(*c.directory.set_policy(yours, c.now));
  auto counter = c.directory.list_revision().counter;
  CHECK(*c.directory.set_policy(mine, c.now));
  CHECK(c.directory.rules() == merged(mine, yours));
  CHECK(c.directory.rules().version == yours.version);
  CHECK(c.directory.list_revision().counter == counter + 1);
}

TEST_CASE("a drain or a weight needs a node that was heard of, now or once") {
  list_fixture c;
  c.add("r1");
  c.add("r2");
  CHECK(c.drain("r2", true).has_value());
  auto unknown = c.drain("r9", true);
  CHECK(unknown.error().code == errc::not_found);
  CHECK(unknown.error().message.find("r9") != std::string::npos);
  CHECK(c.directory.plan_weight("r9", 2, unix_us).error().code == errc::not_found);
  c.advance(30s);
  CHECK(c.directory.nodes(c.now).empty());
  CHECK(c.drain("r1", true).has_value());
  c.add("r1", node_role::relay, 2);
  CHECK(c.state("r1") == relay_state::draining);
  auto heavier = *c.directory.plan_weight("r1", 2.5, unix_us);
  REQUIRE(*c.directory.set_policy(heavier, c.now));
  auto nodes = c.directory.nodes(c.now);
  REQUIRE(nodes.size() == 1);
  CHECK(nodes[0].weight == 2.5);
  CHECK(nodes[0].state == relay_state::draining);
  CHECK(nodes[0].drained);
  CHECK(c.directory.plan_weight("r9", std::nullopt, unix_us).has_value());
}

TEST_CASE("only relays are drained from here") {
  list_fixture c;
  c.add("e1", node_role::edge);
  auto refused = c.drain("e1", true);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == errc::bad_argument);
  CHECK(refused.error().message.find("'e1' is of role edge") != std::string::npos);
  CHECK(c.drain("e1", false).has_value());
}

TEST_CASE("a relay that two nodes call failing is ranked behind the draining ones, for a while") {
  list_fixture c;
  auto relays = many("r", 3);
  names all = relays;
  for (auto& id : relays)
    c.add(id);
  for (auto id : {"e1", "e2"}) {
    c.add(id, node_role::edge);
    all.push_back(id);
  }
  c.advance(6s, all);
  c.blame("e1", {"r01"});
  c.advance(250ms);
  CHECK(c.state("r01") == relay_state::ready);
  c.blame("e2", {"r01", "r02"});
  c.blame("e1", {"r01", "r02"});
  c.advance(250ms);
  CHECK(c.state("r01") == relay_state::failing);
  // A tenth of three, and at least one.
  CHECK(c.state("r02") == relay_state::ready);
  auto counter = c.directory.list_revision().counter;
  auto order = ids(c.directory.enumerate(key(), "", c.now).order);
  CHECK(order.back() == "r01");
  c.advance(9s, all);
  CHECK(c.state("r01") == relay_state::failing);
  CHECK(c.directory.list_revision().counter == counter);
  c.advance(2s, all);
  CHECK(c.state("r01") == relay_state::ready);
}

TEST_CASE("a relay that is back is not ranked last for its old self by those who have not noticed") {
  list_fixture c;
  for (auto id : {"r1", "r2"})
    c.add(id);
  for (auto id : {"e1", "e2"})
    c.add(id, node_role::edge);
  c.advance(6s, {"r1", "r2", "e1", "e2"});
  for (auto id : {"e1", "e2"})
    c.blame(id, {"r1"});
  c.advance(250ms);
  CHECK(c.state("r1") == relay_state::failing);
  c.add("r1", node_role::relay, 2);
  for (auto id : {"e1", "e2"})
    c.blame(id, {"r1"});
  c.advance(500ms);
  CHECK(c.state("r1") == relay_state::ready);
}

TEST_CASE("at most a tenth of the relays is failing, whatever nodes say") {
  list_fixture c;
  auto relays = many("r", 40);
  auto all = relays;
  for (auto& id : relays)
    c.add(id);
  for (auto id : {"e1", "e2", "e3"}) {
    c.add(id, node_role::edge);
    all.push_back(id);
  }
  c.advance(6s, all);
  for (auto id : {"e1", "e2", "e3"})
    c.blame(id, relays);
  c.advance(500ms);
  auto& listed = c.directory.list().relays;
  CHECK(std::count_if(listed.begin(), listed.end(),
                      [](auto& r) { return r.state == relay_state::failing; }) == 4);
}

TEST_CASE("loads are told beside the list and never change it") {
  list_fixture c;
  c.add("r1");
  c.add("r2");
  c.advance(1s, {"r1", "r2"});
  auto before = c.directory.list_revision();
  for (int second = 0; second < 20; ++second) {
    c.say("r1", [](auto& beat) { beat.load.egress_bps = 900'000'000; });
    c.advance(1s, {"r2"});
  }
  CHECK(c.directory.list_revision() == before);
  auto loads = unpack_loads(c.directory.list(), c.directory.loads());
  CHECK(loads["r1"] == 14);
  CHECK(loads["r2"] == 0);
  for (auto& one : c.directory.enumerate(key(), "", c.now).order)
    CHECK(one.load == loads[one.id]);
  CHECK(c.directory.nodes(c.now)[0].load_level == 14);
}

TEST_CASE(
    "the spread grows with the questions, then with the relays' reports, and never below the policy's") {
  list_fixture c;
  auto relays = many("r", 20);
  for (auto& id : relays)
    c.add(id);
  c.advance(500ms);
  CHECK(c.directory.enumerate(key(), "", c.now).spread == 2);
  std::uint32_t spread = 0;
  for (int edge = 0; edge < 640; ++edge)
    spread = c.directory.enumerate(key(), "", c.now).spread;
  CHECK(spread == 11);
  CHECK(c.directory.enumerate(key("live/other"), "", c.now).spread == 2);
  for (auto& id : relays)
    c.say(id, [](auto& beat) { beat.pulls = {{"live/other", 48}}; });
  CHECK(c.directory.enumerate(key("live/other"), "", c.now).spread == 15);
  c.advance(30s, names(relays.begin(), relays.begin() + 10));
  CHECK(c.directory.list().relays.size() == 10);
  CHECK(c.directory.enumerate(key("live/other"), "", c.now).spread == 10);
  c.advance(10min, names(relays.begin(), relays.begin() + 10));
  CHECK(c.directory.enumerate(key("live/other"), "", c.now).spread == 2);
}

TEST_CASE("the readers of relays that a thaw ends no longer widen the spread") {
  list_fixture c;
  auto relays = many("r", 20);
  for (auto& id : relays) {
    c.add(id);
    c.say(id, [](auto& beat) { beat.pulls = {{"live/room1", 48}}; });
  }
  c.advance(6s, names(relays.begin(), relays.begin() + 5));
  REQUIRE(c.directory.frozen());
  c.directory.thaw(c.now);
  auto others = many("s", 20);
  for (auto& id : others)
    c.add(id);
  for (auto id = relays.begin(); id != relays.begin() + 5; ++id)
    c.say(*id, [](auto& beat) { beat.pulls = {}; });
  c.advance(10min, others);
  CHECK(c.directory.list().relays.size() == 20);
  CHECK(c.directory.enumerate(key(), "", c.now).spread == 2);
}

TEST_CASE("relays beyond the longest list are left out, and counted") {
  list_fixture c;
  std::vector<relay_entry> all;
  for (std::size_t i = 0; i < max_relays; ++i)
    all.push_back(stored(fmt::format("s{:05}", i)));
  c.adopt(all);
  CHECK(c.directory.list().relays.size() == max_relays);
  CHECK(c.directory.relays_left_out() == 0);
  c.add("a");
  c.add("b");
  c.advance(2s, {"a", "b"});
  CHECK(c.directory.list().relays.size() == max_relays);
  CHECK(c.directory.relays_left_out() == 2);
  c.adopt({stored("s00001")});
  CHECK(c.directory.list().relays.size() == 3);
  CHECK(c.directory.relays_left_out() == 0);
}

TEST_CASE("a thousand registrations of a large cluster make few lists, and the next step shows all") {
  list_fixture c;
  constexpr int count = 1000;
  for (int i = 0; i < count; ++i) {
    c.add(fmt::format("r{}", i));
    (void)c.directory.enumerate(key(), "", c.now);
    (void)c.directory.publish(c.now);
  }
  CHECK(c.directory.publish(c.now).at.counter < 300);
  c.directory.advance(c.now);
  CHECK(c.directory.publish(c.now).list.relays.size() == count);
  auto counter = c.directory.list_revision().counter;
  c.directory.advance(c.now + 1ms);
  CHECK(c.directory.list_revision().counter == counter);
}
