#include "upstream_fixture.hpp"

#include <map>
#include <set>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

TEST_CASE("the first rank is dialled, and its hello puts it in use") {
  puller p;
  CHECK(p.run().empty());
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.run() == names{"connect a"});
  CHECK(p.last.address == "a:8500");
  CHECK(p.last.mode == pull_mode::through);
  CHECK_FALSE(static_cast<bool>(p.last.at));
  CHECK(p.last.from == 0);
  CHECK(p.choice.current().empty());
  CHECK(p.hello("a") == names{"use a"});
  CHECK(p.choice.current() == "a");
}

TEST_CASE("connect, upgrade and hello together have 300 ms") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.pass(299ms) == names{"connect a"});
  p.choice.received(p.links["a"], p.now);
  CHECK(p.pass(1ms) == names{"drop a timed_out", "connect b"});
  CHECK(p.health.suspect("a", p.now));
}

TEST_CASE("a closed upstream is followed by the next in the order at once, from the offset we have") {
  puller p;
  p.settle({"a", "b", "c"});
  p.choice.set_position(p.log, 5000);
  CHECK(p.closed("a") == names{"connect b"});
  CHECK(p.last.at == p.log);
  CHECK(p.last.from == 5000);
  CHECK_FALSE(p.last.probe);
  CHECK(p.closed("b") == names{"connect c"});
}

TEST_CASE("a hop without any byte for 600 ms is left") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(599ms).empty());
  CHECK(p.pass(1ms) == names{"drop a silent", "connect b"});
  CHECK(p.health.suspect("a", p.now));
  CHECK_FALSE(p.health.suspect("b", p.now));
}

TEST_CASE("any byte keeps the hop, a beat on time keeps the path") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(60s, {"a"}, {"a"}).empty());
  CHECK(p.choice.current() == "a");
}

TEST_CASE("a hop that ticks without beats is kept for 600 ms and 400 ms per hop, then others are probed") {
  for (std::size_t hops : {1, 2, 3}) {
    puller p;
    p.settle({"a", "b"});
    auto again = p.greeting("a");
    again.path.assign(hops, "x");
    again.beat = ++p.n;
    CHECK(p.hello("a", again).empty());
    auto limit = 600ms + 400ms * hops;
    CHECK(p.pass(limit - 1ms, {"a"}).empty());
    CHECK(p.pass(1ms, {"a"}) == names{"probe b"});
    CHECK(p.choice.current() == "a");
  }
}

TEST_CASE("a probe takes over when its beat is higher, and the old link is dropped first") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(1400ms, {"a"}) == names{"probe b"});
  p.n += 5;
  CHECK(p.hello("b") == names{"drop a replaced", "use b"});
  CHECK(p.choice.current() == "b");
}

TEST_CASE("a probe with a higher epoch takes over whatever its beat") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(1400ms, {"a"}) == names{"probe b"});
  auto fresh = p.greeting("b");
  fresh.log_epoch = second_epoch;
  fresh.beat = 1;
  CHECK(p.hello("b", fresh) == names{"drop a replaced", "use b"});
}

TEST_CASE("an orphaned upstream is kept while nobody has a higher beat") {
  puller p;
  p.settle({"a", "b", "c"});
  CHECK(p.pass(1400ms, {"a"}) == names{"probe b"});
  CHECK(p.hello("b") == names{"drop b not_better", "probe c"});
  CHECK(p.hello("c") == names{"drop c not_better"});
  CHECK(p.choice.current() == "a");
  auto later = p.pass(1500ms, {"a"});
  REQUIRE_FALSE(later.empty());
  CHECK(later.front() == "probe b");
  CHECK(p.choice.current() == "a");
}

TEST_CASE("beats that return end the search, and the probe under way is dropped") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(1400ms, {"a"}) == names{"probe b"});
  p.choice.beat(p.links["a"], ++p.n, p.now);
  CHECK(p.run() == names{"drop b not_better"});
  CHECK(p.pass(5s, {"a"}, {"a"}).empty());
}

TEST_CASE("an upstream that is orphaned when it greets is used, and others are probed at once") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.run() == names{"connect a"});
  auto orphan = p.greeting("a");
  orphan.orphaned = true;
  CHECK(p.hello("a", orphan) == names{"use a", "probe b"});
  p.n += 1;
  CHECK(p.hello("b") == names{"drop a replaced", "use b"});
}

TEST_CASE("without any beat for the grace time the origin is lost") {
  puller p;
  p.settle({"a"});
  CHECK(p.pass(9999ms, {"a"}).empty());
  CHECK(p.pass(1ms, {"a"}) == names{"drop a finished", "give up origin_lost"});
  CHECK(p.run() == names{"give up origin_lost"});
}

TEST_CASE("the grace time runs on while no upstream can be reached") {
  puller p;
  p.settle({"a"});
  CHECK(p.closed("a").empty());
  names said;
  for (int i = 0; i < 120 && (said.empty() || !said.back().starts_with("give up")); ++i) {
    said = p.pass(100ms);
    if (!said.empty() && said.back() == "connect a") p.closed("a");
  }
  CHECK(said.back() == "give up origin_lost");
}

TEST_CASE("an end from the upstream in use ends the stream; from a probe it only ends the probe") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(1400ms, {"a"}) == names{"probe b"});
  p.choice.ended(p.links["b"], p.now);
  CHECK(p.run().empty());
  CHECK(p.choice.current() == "a");
  p.choice.ended(p.links["a"], p.now);
  CHECK(p.run() == names{"drop a finished", "give up ended"});
}

TEST_CASE("an upstream whose path holds this node, or is too long, is dropped") {
  puller p;
  p.choice.set_order(p.order({"a", "b", "c"}), p.now);
  CHECK(p.run() == names{"connect a"});
  auto circle = p.greeting("a");
  circle.path = {"origin-1", "edge-1", "a"};
  CHECK(p.hello("a", circle) == names{"drop a loop", "connect b"});
  auto deep = p.greeting("b");
  deep.path = {"o", "1", "2", "3", "b"};
  CHECK(p.hello("b", deep) == names{"drop b too_deep", "connect c"});
  CHECK(p.hello("c") == names{"use c"});
}

TEST_CASE("a link in use whose path comes to hold this node is left") {
  puller p;
  p.settle({"a", "b"});
  auto circle = p.greeting("a");
  circle.path = {"edge-1", "a"};
  CHECK(p.hello("a", circle) == names{"drop a loop", "connect b"});
}

TEST_CASE("a lower epoch is stale, a higher one is taken on the same link") {
  puller p;
  p.log = second_epoch;
  p.settle({"a", "b"});
  CHECK(p.closed("a") == names{"connect b"});
  auto old = p.greeting("b");
  old.log_epoch = first_epoch;
  auto said = p.hello("b", old);
  CHECK(said.front() == "drop b stale");

  puller q;
  q.settle({"a", "b"});
  q.log = second_epoch;
  q.n = 1;
  CHECK(q.hello("a").empty());
  q.choice.set_position(q.log, 10);
  CHECK(q.pass(5s, {"a"}, {"a"}).empty());
}

TEST_CASE("a relay that said not_here is not asked again for a second, by this stream only") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.run() == names{"connect a"});
  CHECK(p.not_here("a") == names{"connect b"});
  CHECK(p.health.usable("a", p.now));
  CHECK_FALSE(p.health.suspect("a", p.now));
  CHECK(p.not_here("b").empty());
  CHECK(p.pass(999ms).empty());
  auto later = p.pass(1300ms);
  REQUIRE_FALSE(later.empty());
  CHECK(later.front() == "connect a");
}

TEST_CASE("a refusal about the stream leads to the next relay without a mark on the node") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.run() == names{"connect a"});
  p.choice.refused(p.links["a"], p.now);
  CHECK(p.run() == names{"connect b"});
  CHECK_FALSE(p.health.suspect("a", p.now));
}

TEST_CASE("a stream that is not live is given up without a connection") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}, liveness::not_live), p.now);
  CHECK(p.run() == names{"give up not_live"});
}

TEST_CASE("a running stream goes on when a directory says not live") {
  puller p;
  p.settle({"a", "b"});
  p.choice.set_order(p.order({"a", "b"}, liveness::not_live), p.now);
  CHECK(p.pass(3s, {"a"}, {"a"}).empty());
  CHECK(p.closed("a") == names{"connect b"});
}

TEST_CASE("when nobody knows, the first three ranks are probed, and then it is not live") {
  puller p;
  p.choice.set_order(p.order({"a", "b", "c", "d"}, liveness::unknown), p.now);
  CHECK(p.run() == names{"connect a"});
  CHECK(p.not_here("a") == names{"connect b"});
  CHECK(p.not_here("b") == names{"connect c"});
  CHECK(p.not_here("c") == names{"give up not_live"});
}

TEST_CASE("when nobody knows and a relay is dead, what the others say counts after one round") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}, liveness::unknown), p.now);
  CHECK(p.run() == names{"connect a"});
  CHECK(p.closed("a") == names{"connect b"});
  CHECK(p.not_here("b") == names{"give up not_live"});
}

TEST_CASE("when nobody knows and no relay answers, it says unreachable, not not_live") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}, liveness::unknown), p.now);
  CHECK(p.pass(600ms) ==
        names{"connect a", "drop a timed_out", "connect b", "drop b timed_out", "give up unreachable"});
}

TEST_CASE("an order that failed as a whole is tried again after a wait that grows to a second") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  std::vector<upstream_choice::time_point> rounds;
  auto said = p.run();
  for (int i = 0; i < 40 && rounds.size() < 12; ++i) {
    while (!said.empty() && said.back().starts_with("connect")) {
      if (said.back() == "connect a") rounds.push_back(p.now);
      said = p.closed(said.back().substr(8));
    }
    CHECK(p.until <= p.now + 1250ms);
    CHECK(p.until >= p.now + 75ms);
    p.now = p.until;
    said = p.run();
  }
  REQUIRE(rounds.size() == 12);
  CHECK(rounds[1] - rounds[0] < 700ms);
  CHECK(rounds[11] - rounds[10] > 700ms);
}

TEST_CASE("relays that greet and close at once are not dialled in a tight circle") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  int dials = 0;
  auto said = p.run();
  for (auto end = p.now + 10s; p.now < end;) {
    while (!said.empty() && said.back().starts_with("connect")) {
      ++dials;
      auto id = said.back().substr(8);
      p.hello(id);
      said = p.closed(id);
    }
    p.now = p.until;
    said = p.run();
  }
  CHECK(dials < 40);
}

TEST_CASE("an upstream that no longer has our offset waits until all others were asked") {
  puller p;
  p.settle({"a", "b", "c"});
  p.choice.set_position(p.log, 5000);
  CHECK(p.closed("a") == names{"connect b"});
  auto late = p.greeting("b");
  late.first = 9000;
  late.head = 10000;
  CHECK(p.hello("b", late) == names{"drop b gap", "connect c"});
  auto later = p.greeting("c");
  later.first = 9500;
  later.head = 10000;
  CHECK(p.hello("c", later) == names{"drop c gap", "connect b"});
  CHECK(p.hello("b", late) == names{"use b over gap"});
}

TEST_CASE("a relay without a gap is preferred to one with a gap") {
  puller p;
  p.settle({"a", "b", "c"});
  CHECK(p.closed("a") == names{"connect b"});
  auto late = p.greeting("b");
  late.first = 9000;
  CHECK(p.hello("b", late) == names{"drop b gap", "connect c"});
  CHECK(p.hello("c") == names{"use c"});
}

TEST_CASE("an upstream behind us is left after 300 ms unless its head moves") {
  puller p;
  p.settle({"a", "b"});
  p.choice.set_position(p.log, 5000);
  CHECK(p.closed("a") == names{"connect b"});
  CHECK(p.hello("b") == names{"use b"});
  CHECK(p.pass(200ms, {"b"}, {"b"}).empty());
  p.choice.tick(p.links["b"], 3000, p.now);
  CHECK(p.pass(299ms, {"b"}, {"b"}).empty());
  auto said = p.pass(1ms, {"b"}, {"b"});
  REQUIRE_FALSE(said.empty());
  CHECK(said.front() == "drop b behind");
}

TEST_CASE("an upstream that delivers is not behind, however old its last tick") {
  puller p;
  p.settle({"a", "b"});
  p.choice.set_position(p.log, 500'000);
  CHECK(p.pass(5s, {"a"}, {"a"}).empty());
}

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
  CHECK(p.hello("c") == names{"drop a replaced", "use c"});
  CHECK(p.pass(3s, {"c"}, {"c"}).empty());
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

TEST_CASE("a new relay is dialled as soon as the order names it") {
  puller p;
  p.choice.set_order(p.order({}), p.now);
  CHECK(p.pass(3s).empty());
  p.choice.set_order(p.order({"a"}), p.now);
  CHECK(p.run() == names{"connect a"});
}

TEST_CASE("a relay that failed for one stream is dialled last by the others, and not at all for a moment") {
  puller p, q;
  p.health.failed("a", p.now);
  CHECK_FALSE(p.health.usable("a", p.now));
  p.now += 200ms;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.run() == names{"connect b"});
  CHECK(p.closed("b") == names{"connect a"});
}

TEST_CASE("a link that proves itself forgives its relay") {
  puller p;
  p.choice.set_order(p.order({"a"}), p.now);
  CHECK(p.pass(300ms).back() == "drop a timed_out");
  auto said = p.pass(1s);
  while (said.empty() || said.back() != "connect a")
    said = p.pass(50ms);
  p.hello("a");
  CHECK(p.health.suspect("a", p.now));
  p.pass(1s, {"a"}, {"a"});
  CHECK_FALSE(p.health.suspect("a", p.now));
}

TEST_CASE("edges spread over the leading ranks by the hash of (node, key), then go down the order") {
  std::map<std::string, int> firsts;
  for (int i = 0; i < 300; ++i) {
    puller p({}, fmt::format("edge-{}", i));
    auto order = p.order({"a", "b", "c", "d"});
    order.spread = 3;
    p.choice.set_order(order, p.now);
    auto said = p.run();
    ++firsts[said.at(0)];
    names all{said.at(0)};
    for (int k = 0; k < 3; ++k)
      all.push_back(p.closed(all.back().substr(8)).at(0));
    CHECK(std::set(all.begin(), all.end()).size() == 4);
    CHECK(all.back() == "connect d");
  }
  CHECK(firsts.size() == 3);
  for (auto& [id, n] : firsts)
    CHECK_MESSAGE((n > 60 && n < 140), id);
}

TEST_CASE("with loads known an edge takes the less loaded of two") {
  std::map<std::string, int> firsts;
  for (int i = 0; i < 100; ++i) {
    puller p({}, fmt::format("edge-{}", i));
    auto order = p.order({"a", "b"});
    order.spread = 2;
    p.choice.set_loads({{"a", 9}, {"b", 2}});
    p.choice.set_order(order, p.now);
    ++firsts[p.run().at(0)];
  }
  CHECK(firsts["connect b"] == 100);
}

TEST_CASE("events of a link that is over change nothing") {
  puller p;
  p.settle({"a", "b"});
  auto old = p.links["a"];
  CHECK(p.closed("a") == names{"connect b"});
  p.choice.hello(old, p.greeting("a"), p.now);
  p.choice.closed(old, p.now);
  p.choice.not_here(old, p.now);
  p.choice.tick(old, 1, p.now);
  p.choice.beat(old, 99, p.now);
  p.choice.ended(old, p.now);
  CHECK(p.run().empty());
  CHECK(p.hello("b") == names{"use b"});
}

TEST_CASE("a relay's pull asks once, with the plan's mode") {
  auto list = numbered(6);
  auto head = enumerate(key(), list, "").head;
  puller p({}, head[0].id);
  p.choice.set_order(order_of(pull_order(key(), list, head[0].id, "")), p.now);
  CHECK(p.run() == names{"connect " + head[1].id});
  CHECK(p.last.mode == pull_mode::local);
  CHECK(p.not_here(head[1].id) == names{"give up not_live"});
}

TEST_CASE("an edge's order is patient only for a stream known to be live") {
  auto found = enumerate(key(), numbered(4), "");
  found.live = liveness::live;
  auto order = order_of(found);
  CHECK(order.patient);
  CHECK(order.spread == 2);
  CHECK(order.relays == found.order);
  found.live = liveness::unknown;
  CHECK_FALSE(order_of(found).patient);
}
