#include "roles/ctl/views.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::roles::ctl;

namespace {

cluster::ranked_relay rank(const std::string& id, cluster::relay_state state, const std::string& zone = "") {
  cluster::ranked_relay out;
  out.id = id;
  out.state = state;
  out.zone = zone;
  out.trunk_address = id + ":8500";
  return out;
}

cluster::node_view node(const std::string& id) {
  cluster::node_view out;
  out.id = id;
  out.last_heard_ms = 4200;
  return out;
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The line that starts with rank `number`.
std::string line(const std::string& text, int number) {
  auto at = text.find("\n   " + std::to_string(number) + "  ");
  REQUIRE(at != std::string::npos);
  return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

} // namespace

TEST_CASE("an explanation names the reason of every rank") {
  using cluster::relay_state;
  cluster::enumeration found;
  found.order = {rank("r1", relay_state::ready, "east"), rank("r2", relay_state::joining),
                 rank("r3", relay_state::draining),      rank("r4", relay_state::draining),
                 rank("r5", relay_state::failing),       rank("r6", relay_state::suspect)};
  found.head = {found.order[0]};
  found.live = cluster::liveness::live;
  found.origin = "o1";
  found.live_epoch = epoch{77};
  cluster::directory_overview about;
  about.rules.drained = {"r3"};
  about.frozen = true;
  about.store_lost = true;
  auto failing = node("r5");
  failing.failing_for = {"e1", "e2"};
  auto text = explanation_view("live/room1", "east", found, {failing, node("r6")}, about);
  CHECK(mentions(text, "live/room1: live at o1, epoch 77"));
  CHECK(mentions(line(text, 1),
                 "of the asker's zone; among the copies: the origin pushes to it; within the spread"));
  CHECK(mentions(line(text, 2), "has just joined"));
  CHECK(mentions(line(text, 3), "drained by an operator"));
  CHECK(mentions(line(text, 4), "leaves by itself"));
  CHECK(mentions(line(text, 5), "fails for e1, e2"));
  CHECK(mentions(line(text, 6), "silent for 4.2 s"));
  CHECK(mentions(text, "frozen"));
  CHECK(mentions(text, "stale"));
}

TEST_CASE("a policy nobody changed says so, a changed one since when") {
  cluster::directory_overview about;
  about.at.directory = "d1";
  CHECK(mentions(policy_view(about, 5'000), "never"));
  about.rules.version = 2'000'000;
  about.rules.drained = {"r1", "r2"};
  about.rules.weights = {{"r3", 0.5}};
  auto text = policy_view(about, 5'000);
  CHECK(mentions(text, "drained    r1, r2\n"));
  CHECK(mentions(text, "weights    r3 0.5\n"));
  CHECK(mentions(text, "changed    3.0 s ago\n"));
}

TEST_CASE("nothing is said to be nothing") {
  CHECK(nodes_view({}, {}) == "no nodes\n");
  CHECK(streams_view({}, 0) == "no streams\n");
  CHECK(mentions(enumeration_view("live/room1", "", {}), "no relays"));
}

TEST_CASE("a node that only the store lists is marked, and only relays have a weight") {
  auto foreign = node("r1");
  foreign.elsewhere = true;
  auto edge = node("e1");
  edge.role = cluster::node_role::edge;
  auto text = nodes_view({edge, foreign}, {{"a:1", true, "", 0}});
  CHECK(mentions(text, "elsewhere"));
  CHECK(mentions(text, "4.2 s"));
}

TEST_CASE("a directory that does not answer has a row, and each node says how many of the others hear it") {
  auto edge = node("e1");
  edge.role = cluster::node_role::edge;
  edge.heard_by = {"d1"};
  auto text = nodes_view({edge}, {{"a:1", true, "", 0}, {"b:1", false, "refused", 0}, {"c:1", true, "", 0}});
  CHECK(mentions(text, "4.2 s  1/2"));
  CHECK(mentions(text, "directory  unreached"));
  CHECK(mentions(text, "b:1"));
  CHECK_FALSE(mentions(text, "a:1"));
}
