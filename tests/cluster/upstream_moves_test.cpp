#include "upstream_fixture.hpp"

#include <map>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

namespace {

/// On b, because a failed, with a back in the leading ranks and healthy.
void away_from_a(puller& p) {
  p.settle({"a", "b"});
  CHECK(p.closed("a") == names{"connect b"});
  CHECK(p.hello("b") == names{"use b"});
  CHECK(p.catch_up("b").empty());
  p.health.heard("a");
}

} // namespace

TEST_CASE("a draining or vanished upstream is left without a pause, for one that has the stream") {
  puller p;
  p.settle({"a", "b", "c"});
  auto order = p.order({"a", "b", "c"});
  SUBCASE("draining") {
    order.relays[0].state = relay_state::draining;
  }
  SUBCASE("gone") {
    order.relays.erase(order.relays.begin());
  }
  p.choice.set_order(order, p.now);
  CHECK(p.run() == names{"probe b"});
  CHECK(p.choice.current() == "a");
  CHECK(p.not_here("b") == names{"probe c"});
  CHECK(p.hello("c") == names{"join c"});
  CHECK(p.pass(100ms, {"a", "c"}, {"a", "c"}).empty());
  CHECK(p.choice.current() == "a");
  CHECK(p.catch_up("c") == names{"drop a leaving", "lead c"});
  CHECK(p.pass(3s, {"c"}, {"c"}).empty());
}

TEST_CASE("an upstream whose path grows too long in use is left without a pause, for one whose path is not") {
  puller p;
  p.settle({"a", "b", "c"});
  SUBCASE("it says so") {
    p.choice.path_changed(p.links["a"], {"origin-1", "x", "y", "z", "a"}, p.now);
    CHECK(p.run() == names{"probe b"});
  }
  SUBCASE("with a newer epoch") {
    auto again = p.greeting("a");
    again.log_epoch = p.log = second_epoch;
    again.path = {"origin-1", "x", "y", "z", "a"};
    CHECK(p.hello("a", again) == names{"probe b"});
    p.position(1000);
  }
  CHECK(p.choice.current() == "a");
  auto as_long = p.greeting("b");
  as_long.path = {"origin-1", "x", "y", "z", "b"};
  CHECK(p.hello("b", as_long) == names{"drop b too_deep", "probe c"});
  CHECK(p.hello("c") == names{"join c"});
  CHECK(p.choice.current() == "a");
  CHECK(p.catch_up("c") == names{"drop a too_deep", "lead c"});
  CHECK(p.pass(3s, {"c"}, {"c"}).empty());
}

TEST_CASE("an upstream whose path is too long is kept while nobody has a shorter one") {
  puller p;
  p.settle({"a"});
  p.choice.path_changed(p.links["a"], {"origin-1", "x", "y", "z", "a"}, p.now);
  CHECK(p.pass(60s, {"a"}, {"a"}).empty());
  CHECK(p.choice.current() == "a");
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.run() == names{"probe b"});
  p.choice.path_changed(p.links["a"], {"origin-1", "a"}, p.now);
  CHECK(p.run() == names{"drop b not_better"});
}

TEST_CASE(
    "a longer path has caught up with the head it found, though the shorter one is always ahead of it") {
  puller p;
  p.settle({"a", "b"});
  auto order = p.order({"a", "b"});
  order.relays[0].state = relay_state::draining;
  p.choice.set_order(order, p.now);
  CHECK(p.run() == names{"probe b"});
  CHECK(p.hello("b") == names{"join b"});
  p.position(2000);
  p.choice.delivered(p.links["a"], 2000, p.now);
  p.choice.delivered(p.links["b"], 900, p.now);
  CHECK(p.run().empty());
  p.choice.delivered(p.links["b"], 1000, p.now);
  CHECK(p.run() == names{"drop a leaving", "lead b"});
}

TEST_CASE("no move begins while two links are in use for another reason") {
  puller p;
  away_from_a(p);
  auto order = p.order({"a", "b", "c"});
  order.relays[1].state = relay_state::draining;
  p.choice.set_order(order, p.now);
  CHECK(p.run() == names{"probe a"});
  CHECK(p.hello("a") == names{"join a"});
  // b is back, and a does not catch up.
  p.choice.set_order(p.order({"c", "b", "a"}), p.now);
  CHECK(p.pass(30s, {"a", "b"}, {"a", "b"}).empty());
  CHECK(p.catch_up("a") == names{"drop a surplus"});
}

TEST_CASE("a new order alone moves nobody") {
  puller p;
  p.settle({"a", "b"});
  p.choice.set_order(p.order({"c", "b", "a"}), p.now);
  CHECK(p.pass(3s, {"a"}, {"a"}).empty());
  CHECK(p.closed("a") == names{"connect c"});
}

TEST_CASE("an empty order takes nothing away from a running stream") {
  puller p;
  p.settle({"a"});
  p.choice.set_order(p.order({}), p.now);
  CHECK(p.pass(3s, {"a"}, {"a"}).empty());
  CHECK(p.closed("a").empty());
}

TEST_CASE("a link away from the leading ranks moves back after a while, without a pause") {
  puller p;
  away_from_a(p);
  CHECK(p.pass(7400ms, {"b"}, {"b"}).empty());
  CHECK(p.pass(7s, {"b"}, {"b"}) == names{"probe a", "drop a timed_out"});
  CHECK(p.choice.current() == "b");
  p.health.heard("a");
  names said;
  while (said.empty())
    said = p.pass(100ms, {"b"}, {"b"});
  CHECK(said == names{"probe a"});
  CHECK(p.hello("a") == names{"join a"});
  CHECK(p.choice.current() == "b");
  CHECK(p.catch_up("a") == names{"drop b moved", "lead a"});
  CHECK(p.pass(60s, {"a"}, {"a"}).empty());
}

TEST_CASE("a relay that is new in the leading rank is moved to, and one behind it is not") {
  puller p;
  p.settle({"a", "b"});
  SUBCASE("leading") {
    p.choice.set_order(p.order({"c", "a", "b"}), p.now);
    auto said = p.pass(13s, {"a"}, {"a"});
    REQUIRE_FALSE(said.empty());
    CHECK(said.front() == "probe c");
  }
  SUBCASE("behind") {
    p.choice.set_order(p.order({"a", "c", "b"}), p.now);
    CHECK(p.pass(60s, {"a"}, {"a"}).empty());
  }
  SUBCASE("leading, but suspect") {
    for (int i = 0; i < 20; ++i) {
      p.health.failed("c", p.now);
      p.choice.set_order(p.order({"c", "a", "b"}), p.now);
      CHECK(p.pass(4s, {"a"}, {"a"}).empty());
    }
  }
}

TEST_CASE("moves to a relay that does not hold grow rarer") {
  puller p;
  away_from_a(p);
  std::vector<upstream_choice::time_point> moves;
  while (moves.size() < 6) {
    auto said = p.pass(100ms, {"b"}, {"b"});
    p.health.heard("a");
    if (said.empty()) continue;
    REQUIRE(said == names{"probe a"});
    moves.push_back(p.now);
    p.closed("a");
    CHECK(p.choice.current() == "b");
  }
  CHECK(moves[1] - moves[0] < 30s);
  CHECK(moves[5] - moves[4] > 200s);
}

TEST_CASE("a move whose new link does not catch up is given up, and the old link stays") {
  puller p;
  away_from_a(p);
  names said;
  while (said.empty())
    said = p.pass(100ms, {"b"}, {"b"});
  p.position(5000);
  p.catch_up("b");
  CHECK(p.hello("a") == names{"join a"});
  CHECK(p.pass(1s, {"a", "b"}, {"a", "b"}) == names{"drop a behind"});
  CHECK(p.choice.current() == "b");
}

TEST_CASE("a leader that dies during a move is followed at once by the link beside it") {
  puller p;
  away_from_a(p);
  names said;
  while (said.empty())
    said = p.pass(100ms, {"b"}, {"b"});
  CHECK(p.hello("a") == names{"join a"});
  CHECK(p.closed("b") == names{"lead a"});
  REQUIRE(p.after.has_value());
  CHECK(p.after->reason == drop_reason::closed);
}

TEST_CASE("a leading relay that is much less loaded is worth a move, toward the favourite only") {
  std::map<std::string, int> moved;
  for (int i = 0; i < 40; ++i) {
    puller p(exact(), fmt::format("edge-{}", i));
    auto order = p.order({"a", "b"});
    order.spread = 2;
    auto loads = [&](std::uint8_t a, std::uint8_t b) {
      p.choice.set_loads(std::make_shared<const relay_loads>(relay_loads{{"a", a}, {"b", b}}));
    };
    loads(9, 2); // everybody chooses b
    p.choice.set_order(order, p.now);
    CHECK(p.run() == names{"connect b"});
    p.hello("b");
    p.position(1000);
    p.catch_up("b");
    CHECK(p.pass(20s, {"b"}, {"b"}).empty());
    loads(7, 9);
    CHECK(p.pass(20s, {"b"}, {"b"}).empty());
    loads(2, 9);
    auto said = p.pass(13s, {"b"}, {"b"});
    ++moved[said.empty() ? "stays" : said.front()];
  }
  CHECK(moved.size() == 2);
  CHECK(moved["probe a"] > 10);
  CHECK(moved["stays"] > 10);
}

TEST_CASE("a path whose beats come late is left for one that is on time") {
  puller p;
  p.settle({"a", "b"});
  p.late["a"] = 650ms;
  CHECK(p.pass(2s, {"a"}, {"a"}).empty());
  p.late["a"] = 800ms;
  CHECK(p.pass(100ms, {"a"}, {"a"}) == names{"probe b"});
  SUBCASE("which has newer beats") {
    p.n += 2;
    CHECK(p.hello("b") == names{"join b"});
    CHECK(p.catch_up("b") == names{"drop a late", "lead b"});
  }
  SUBCASE("and kept when nobody has: that is how long the way takes") {
    CHECK(p.hello("b") == names{"drop b not_better"});
    CHECK(p.pass(60s, {"a"}, {"a"}).empty());
  }
  SUBCASE("and kept when it was late for a moment only") {
    p.late["a"] = 0ms;
    CHECK(p.pass(100ms, {"a"}, {"a"}) == names{"drop b not_better"});
  }
}

TEST_CASE("two slow paths do not take turns") {
  puller p;
  p.settle({"a", "b"});
  p.late["a"] = p.late["b"] = 900ms;
  int switches = 0;
  auto said = p.pass(100ms, {"a"}, {"a"});
  for (auto end = p.now + 60s; p.now < end;) {
    for (auto& word : said) {
      if (!word.starts_with("probe")) continue;
      auto id = word.substr(6);
      p.n += 3;
      if (p.hello(id) != names{"join " + id}) continue;
      p.catch_up(id);
      ++switches;
    }
    auto on = p.choice.current();
    said = p.pass(100ms, {on}, {on});
  }
  CHECK(switches >= 1);
  CHECK(switches <= 6);
}

TEST_CASE("clocks that drift apart make no path late") {
  puller p;
  p.settle({"a", "b"});
  for (int second = 0; second < 3600; ++second) {
    p.late["a"] += 1ms; // a millisecond a second: far worse than any clock
    CHECK(p.pass(1s, {"a"}, {"a"}).empty());
  }
}

TEST_CASE("500 edges that lose one relay spread over the others, in space and in time") {
  std::map<std::string, int> next;
  std::map<std::chrono::milliseconds, int> probes;
  for (int i = 0; i < 500; ++i) {
    relay_health health(static_cast<std::uint64_t>(i));
    upstream_choice choice(key(), fmt::format("edge-{}", i), health, static_cast<std::uint64_t>(i) * 7919);
    auto order = puller::order({"a", "b", "c", "d", "e"});
    order.spread = 4;
    auto now = puller::start;
    choice.set_order(order, now);
    auto first = std::get<connect_upstream>(choice.next(now));
    upstream_hello said;
    said.log_epoch = first_epoch;
    said.beat = 1;
    said.path = {"o", first.relay};
    choice.hello(first.link, said, now);
    choice.next(now);
    if (first.relay == "a") {
      choice.closed(first.link, now);
      ++next[std::get<connect_upstream>(choice.next(now)).relay];
      continue;
    }
    // Its path falls silent: when does it look around?
    for (bool waits = true; waits; now += 10ms) {
      choice.received(first.link, now);
      waits = std::holds_alternative<wait_until>(choice.next(now));
    }
    ++probes[std::chrono::duration_cast<std::chrono::milliseconds>(now - puller::start)];
  }
  CHECK(next.size() == 3);
  for (auto& [relay, n] : next)
    CHECK_MESSAGE((n > 20 && n < 70), relay);
  CHECK(probes.size() >= 10);
  for (auto& [when, n] : probes)
    CHECK(n < 80);
}
