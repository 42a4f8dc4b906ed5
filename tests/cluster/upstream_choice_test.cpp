#include "upstream_fixture.hpp"

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

TEST_CASE("an upstream that says it searches has 1.5 s for its hello") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.pass(200ms) == names{"connect a"});
  p.choice.searching(p.links["a"], p.now);
  CHECK(p.pass(1299ms).empty());
  CHECK(p.pass(1ms) == names{"drop a timed_out", "connect b"});
}

TEST_CASE("a closed upstream is followed by the next in the order at once, from the offset we have") {
  puller p;
  p.settle({"a", "b", "c"});
  p.position(5000);
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

TEST_CASE("a probe with a higher beat is used at once, and the old link dropped when it has caught up") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(1400ms, {"a"}) == names{"probe b"});
  p.n += 5;
  CHECK(p.hello("b") == names{"join b"});
  CHECK(p.choice.current() == "a");
  CHECK(p.catch_up("b") == names{"drop a no_beats", "lead b"});
  REQUIRE(p.after.has_value());
  CHECK(p.after->relay == "a");
  CHECK(p.after->reason == drop_reason::no_beats);
  CHECK(p.choice.current() == "b");
}

TEST_CASE("a probe with a higher epoch takes over whatever its beat") {
  puller p;
  p.settle({"a", "b"});
  CHECK(p.pass(1400ms, {"a"}) == names{"probe b"});
  auto fresh = p.greeting("b");
  fresh.log_epoch = second_epoch;
  fresh.beat = 1;
  CHECK(p.hello("b", fresh) == names{"join b"});
  p.log = second_epoch;
  p.position(10);
  CHECK(p.catch_up("b") == names{"drop a stale", "lead b"});
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
  p.choice.beat(p.links["a"], ++p.n, 0, p.now);
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
  p.position(1000);
  p.n += 1;
  CHECK(p.hello("b") == names{"join b"});
  CHECK(p.catch_up("b") == names{"drop a no_beats", "lead b"});
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
  q.position(10);
  CHECK(q.catch_up("a").empty());
  CHECK(q.pass(5s, {"a"}, {"a"}).empty());
}

TEST_CASE("an upstream that no longer has our offset waits until all others were asked") {
  puller p;
  p.settle({"a", "b", "c"});
  p.position(5000);
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
  p.position(5000);
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
  p.position(500'000);
  CHECK(p.catch_up("a").empty());
  CHECK(p.pass(5s, {"a"}, {"a"}).empty());
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
  p.choice.delivered(old, 2000, p.now);
  p.choice.beat(old, 99, 0, p.now);
  p.choice.ended(old, p.now);
  CHECK(p.run().empty());
  CHECK(p.hello("b") == names{"use b"});
}
