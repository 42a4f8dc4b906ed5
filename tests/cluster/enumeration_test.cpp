#include "cluster/algorithm.hpp"
#include "cluster/enumeration.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

namespace {

/// The first rank of a stream.
std::string owner(const snapshot& list, const ranking& ranks, int stream) {
  rank_buffer room;
  auto hash = hash_of(key(fmt::format("live/s{}", stream)));
  return list.relays[ranks.rank(hash, ranking::no_zone, room).order[0]].id;
}

std::string owner(const snapshot& list, int stream) {
  return owner(list, ranking(list), stream);
}

} // namespace

TEST_CASE("the enumeration of fixed ids and keys is the same on every machine and in every release") {
  auto list = list_of(
      {relay("r1"), relay("r2", "", 2), relay("r3", "", 0.5), relay("relay-in-frankfurt-4"), relay("r5")});
  CHECK(ids(enumerate(key("live/room1"), list, "").order) ==
        names{"r2", "relay-in-frankfurt-4", "r1", "r3", "r5"});
  CHECK(ids(enumerate(key("live/room2"), list, "").order) ==
        names{"r3", "r1", "relay-in-frankfurt-4", "r5", "r2"});
  CHECK(ids(enumerate(key("app/a/b/c"), list, "").order) ==
        names{"r1", "r2", "relay-in-frankfurt-4", "r3", "r5"});
  auto first = enumerate(key("live/room1"), list, "").order.front().score;
  CHECK(first == doctest::Approx(23.364121530194762).epsilon(1e-12));
}

TEST_CASE("each relay stands in the order once, and the head leads it where there are no zones") {
  for (int count : {0, 1, 2, 3, 50, 1000}) {
    auto list = numbered(count);
    auto found = enumerate(key("live/s1"), list, "");
    CHECK(found.digest == list.digest);
    CHECK(found.live == liveness::unknown);
    CHECK(found.head.size() == static_cast<std::size_t>(std::min(count, 2)));
    CHECK(found.order.size() == static_cast<std::size_t>(count));
    auto unique = ids(found.order);
    CHECK(std::set(unique.begin(), unique.end()).size() == unique.size());
    CHECK(std::equal(found.head.begin(), found.head.end(), found.order.begin()));
    CHECK(found.spread == static_cast<std::uint32_t>(std::clamp(count, 1, 2)));
    if (count > 0) CHECK(found.order.front().id == owner(list, 1));
  }
}

TEST_CASE("removing one of N relays moves only its own streams, and adding it back restores them") {
  for (int count : {10, 100, 1000}) {
    int streams = count == 1000 ? 1000 : 5000;
    auto list = numbered(count);
    auto less = list;
    auto gone = less.relays[static_cast<std::size_t>(count) / 2].id;
    std::erase_if(less.relays, [&](auto& one) { return one.id == gone; });
    seal(less);
    int moved = 0;
    for (int i = 0; i < streams; ++i) {
      auto before = owner(list, i), after = owner(less, i);
      if (before == after) continue;
      ++moved;
      REQUIRE(before == gone);
    }
    CHECK(moved <= streams / count + streams / 100);
  }
}

TEST_CASE("streams fall to relays in proportion to their weights") {
  auto list = list_of(
      {relay("a", "", 1), relay("b", "", 2), relay("c", "", 5), relay("d", "", 0.5), relay("e", "", 1.5)});
  std::map<std::string, int> share;
  constexpr int streams = 20'000;
  for (int i = 0; i < streams; ++i)
    ++share[owner(list, i)];
  for (auto& one : list.relays) {
    auto p = one.weight / 10;
    auto tolerance = 4 * std::sqrt(streams * p * (1 - p));
    CHECK_MESSAGE(std::abs(share[one.id] - streams * p) < tolerance, one.id);
  }
}

TEST_CASE("equal relays share streams evenly, from ten to a thousand of them") {
  for (int count : {10, 100, 1000}) {
    auto list = numbered(count);
    std::map<std::string, int> share;
    int streams = std::min(count * 100, 5000);
    for (int i = 0; i < streams; ++i)
      ++share[owner(list, i)];
    auto expected = static_cast<double>(streams) / count;
    for (auto& [id, n] : share)
      CHECK_MESSAGE(std::abs(n - expected) < 6 * std::sqrt(expected) + 1, id);
  }
}

TEST_CASE("the second rank is independent of the first") {
  auto list = numbered(10);
  std::map<std::string, int> seconds;
  for (int i = 0; i < 5000; ++i) {
    auto found = enumerate(key(fmt::format("live/s{}", i)), list, "");
    if (found.order[0].id == "relay-3") ++seconds[found.order[1].id];
  }
  CHECK(seconds.size() == 9);
  for (auto& [id, n] : seconds)
    CHECK_MESSAGE(std::abs(n - 55) < 6 * std::sqrt(55), id);
}

TEST_CASE("the asker's zone comes first, then the head, then the rest") {
  std::vector<relay_entry> relays;
  for (int i = 0; i < 12; ++i)
    relays.push_back(relay(fmt::format("r{:02}", i), i % 3 == 0 ? "east" : i % 3 == 1 ? "west" : "south"));
  auto list = list_of(relays);
  for (int stream = 0; stream < 50; ++stream) {
    auto k = key(fmt::format("live/s{}", stream));
    auto anywhere = enumerate(k, list, "nowhere");
    CHECK(anywhere.spread == 2);
    auto east = enumerate(k, list, "east");
    CHECK(ids(east.head) == ids(anywhere.head));
    names expected;
    for (auto& one : anywhere.order)
      if (one.zone == "east") expected.push_back(one.id);
    for (auto& one : anywhere.order)
      if (one.zone != "east") expected.push_back(one.id);
    CHECK(ids(east.order) == expected);
  }
}

TEST_CASE("the spread never reaches beyond the ready relays of the asker's zone") {
  policy rules;
  rules.spread = 4;
  auto list = list_of({relay("a", "east"), relay("b", "east", 1, relay_state::draining), relay("c", "west"),
                       relay("d", "west"), relay("e", "west")},
                      rules);
  CHECK(enumerate(key(), list, "east").spread == 1);
  CHECK(enumerate(key(), list, "west").spread == 3);
  CHECK(enumerate(key(), list, "south").spread == 2);
}

TEST_CASE("draining relays stand behind the ready ones, suspect ones last, and neither is in the head") {
  auto list =
      list_of({relay("a", "east", 1, relay_state::suspect), relay("b", "east", 1000, relay_state::draining),
               relay("c", "west"), relay("d", "west"), relay("e", "west", 1000, relay_state::suspect)});
  for (int stream = 0; stream < 20; ++stream) {
    auto found = enumerate(key(fmt::format("live/s{}", stream)), list, "east");
    auto order = ids(found.order);
    CHECK(std::set(order.begin(), order.begin() + 2) == std::set<std::string>{"c", "d"});
    CHECK(order[2] == "b");
    CHECK(order[3] == "a");
    CHECK(order[4] == "e");
    CHECK(ids(found.head) == names(order.begin(), order.begin() + 2));
  }
}

TEST_CASE("with no ready relay the head is made of draining, then suspect ones") {
  auto list = list_of({relay("a", "", 1, relay_state::suspect), relay("b", "", 1, relay_state::draining)});
  CHECK(ids(enumerate(key(), list, "").head) == names{"b", "a"});
}

TEST_CASE("with fewer ready relays than copies the head is shorter") {
  auto list = list_of({relay("a"), relay("b", "", 1, relay_state::draining)});
  CHECK(ids(enumerate(key(), list, "").head) == names{"a"});
}

TEST_CASE("an unknown algorithm is an error by name, and ranks by rendezvous all the same") {
  CHECK((*find_algorithm("rendezvous"))->name() == "rendezvous");
  auto unknown = find_algorithm("maglev");
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().code == errc::unsupported);
  CHECK(unknown.error().message.find("maglev") != std::string::npos);
  auto list = numbered(5);
  auto other = list;
  other.rules.algorithm = "maglev";
  CHECK(ids(enumerate(key(), list, "").order) == ids(enumerate(key(), other, "").order));
}

TEST_CASE("a relay of the head waits for the push and asks the other head relays for what they have") {
  auto list = numbered(6);
  auto head = enumerate(key(), list, "").head;
  auto plan = plan_pull(enumerate(key(), list, ""), head[0].id, "");
  CHECK(plan.in_head);
  CHECK(plan.mode == pull_mode::local);
  CHECK(ids(plan.upstreams) == names{head[1].id});
}

TEST_CASE("a zone's first relay pulls from the head, the zone's others from the first, then the head") {
  std::vector<relay_entry> relays;
  for (int i = 0; i < 12; ++i)
    relays.push_back(relay(fmt::format("r{:02}", i), i < 8 ? "east" : "west"));
  auto list = list_of(relays);
  int outside = 0;
  for (int stream = 0; stream < 50; ++stream) {
    auto k = key(fmt::format("live/s{}", stream));
    auto found = enumerate(k, list, "west");
    if (found.head[0].zone == "west" || found.head[1].zone == "west") continue;
    ++outside;
    auto first = plan_pull(found, found.order[0].id, "west");
    CHECK_FALSE(first.in_head);
    CHECK(first.mode == pull_mode::through);
    CHECK(ids(first.upstreams) == ids(found.head));
    auto second = plan_pull(found, found.order[1].id, "west");
    CHECK(ids(second.upstreams) == names{found.order[0].id, found.head[0].id, found.head[1].id});
  }
  CHECK(outside > 5);
}

TEST_CASE("a zone's first relay that is in the head stands first and only once") {
  auto list = numbered(5);
  auto order = enumerate(key(), list, "").order;
  auto plan = plan_pull(enumerate(key(), list, ""), order[4].id, "");
  CHECK(ids(plan.upstreams) == names{order[0].id, order[1].id});
}

TEST_CASE("a relay that is not listed yet pulls like the last of its zone") {
  auto list = numbered(3);
  auto order = enumerate(key(), list, "").order;
  CHECK(ids(plan_pull(enumerate(key(), list, ""), "newcomer", "").upstreams) ==
        names{order[0].id, order[1].id});
  CHECK(ids(plan_pull(enumerate(key(), list, "moon"), "newcomer", "moon").upstreams) ==
        names{order[0].id, order[1].id});
  CHECK(plan_pull(enumerate(key(), snapshot{}, ""), "newcomer", "").upstreams.empty());
}

TEST_CASE("following pull plans from any relay reaches the head without a circle") {
  std::vector<relay_entry> relays;
  for (int i = 0; i < 30; ++i)
    relays.push_back(relay(fmt::format("r{:02}", i), fmt::format("z{}", i % 4)));
  auto list = list_of(relays);
  for (auto& start : list.relays) {
    node_id at = start.id;
    int depth = 1;
    for (auto zone = start.zone;; ++depth) {
      auto plan = plan_pull(enumerate(key(), list, zone), at, zone);
      if (plan.in_head) break;
      REQUIRE(depth < 4);
      at = plan.upstreams.front().id;
      zone = plan.upstreams.front().zone;
    }
    CHECK(depth <= 3);
  }
}
