#include "upstream_fixture.hpp"

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

namespace {

upstream_options hedged() {
  auto out = exact();
  out.hedge = 2;
  return out;
}

/// `hello` of `id`, reached through the others.
upstream_hello by(const puller& p, const std::string& id, const names& others) {
  auto out = p.greeting(id);
  out.path = {"origin-1"};
  out.path.insert(out.path.end(), others.begin(), others.end());
  out.path.push_back(id);
  return out;
}

/// Pulls from a and b, each fed by the origin, of `all`.
void settle_on_two(puller& p, const upstream_order& all) {
  p.choice.set_order(all, p.now);
  CHECK(p.run() == names{"connect a"});
  CHECK(p.hello("a") == names{"use a", "probe b"});
  p.position(1000);
  CHECK(p.hello("b") == names{"join b"});
  p.catch_up("a");
  p.catch_up("b");
  CHECK(p.pass(2s, {"a", "b"}, {"a", "b"}).empty());
}

upstream_order with_head(const names& all, names head) {
  auto out = puller::order(all);
  out.head = std::move(head);
  return out;
}

names changed(puller& p, const std::string& id, names path) {
  p.choice.path_changed(p.links[id], std::move(path), p.now);
  return p.run();
}

} // namespace

TEST_CASE("a hedge opens a second pull once the first is used, and keeps both") {
  puller p(hedged());
  settle_on_two(p, p.order({"a", "b", "c"}));
  CHECK(p.pass(60s, {"a", "b"}, {"a", "b"}).empty());
  SUBCASE("the leader dies: the other leads at once, and a third is opened") {
    CHECK(p.closed("a") == names{"lead b", "probe c"});
    CHECK(p.hello("c") == names{"join c"});
  }
  SUBCASE("the other dies: a third is opened") {
    CHECK(p.closed("b") == names{"probe c"});
    CHECK(p.choice.current() == "a");
  }
  SUBCASE("the leader freezes") {
    CHECK(p.pass(600ms, {"b"}, {"b"}) == names{"drop a silent", "lead b", "probe c"});
  }
  SUBCASE("the leader drains: a third flows before it is left") {
    auto order = p.order({"a", "b", "c"});
    order.relays[0].state = relay_state::draining;
    p.choice.set_order(order, p.now);
    CHECK(p.run() == names{"probe c"});
    CHECK(p.hello("c") == names{"join c"});
    CHECK(p.catch_up("c") == names{"drop a leaving", "lead b"});
  }
}

TEST_CASE("a hedge with one relay alone goes on with it, and a drained one of two is left") {
  puller p(hedged());
  p.settle({"a"});
  CHECK(p.pass(10s, {"a"}, {"a"}).empty());
  CHECK(p.choice.current() == "a");

  puller q(hedged());
  auto order = q.order({"a", "b"});
  settle_on_two(q, order);
  order.relays[0].state = relay_state::draining;
  q.choice.set_order(order, q.now);
  CHECK(q.pass(200ms, {"a", "b"}, {"a", "b"}) == names{"drop a leaving", "lead b"});
}

TEST_CASE("a hedge takes its two pulls apart while others are there") {
  for (bool other : {false, true}) {
    puller p(hedged());
    p.choice.set_order(p.order(other ? names{"a", "b", "c"} : names{"a", "b"}), p.now);
    p.run();
    CHECK(p.hello("a") == names{"use a", "probe b"});
    p.position(1000);
    p.catch_up("a");
    auto by_a = by(p, "b", {"a"});
    auto said = p.hello("b", by_a);
    CHECK(said.front() == "drop b shared_way");
    if (other) {
      CHECK(said.back() == "probe c");
      continue;
    }
    CHECK(p.pass(200ms, {"a"}, {"a"}) == names{"probe b"});
    CHECK(p.hello("b", by_a) == names{"join b"});
  }
}

TEST_CASE("a newer epoch on both links of a hedge keeps both") {
  puller p(hedged());
  settle_on_two(p, p.order({"a", "b"}));
  p.log = second_epoch;
  p.n = 1;
  CHECK(p.hello("b").empty());
  p.position(10);
  CHECK(p.catch_up("b").empty());
  p.now += 50ms;
  CHECK(p.hello("a").empty());
  CHECK(p.catch_up("a").empty());
  CHECK(p.pass(5s, {"a", "b"}, {"a", "b"}).empty());
}

TEST_CASE("a hedge whose second relay comes to pull from its first looks for another, and lets go of the "
          "longer way") {
  puller p(hedged());
  settle_on_two(p, p.order({"a", "b", "c"}));
  CHECK(changed(p, "b", {"origin-1", "a", "b"}) == names{"probe c"});
  CHECK(p.hello("c") == names{"join c"});
  CHECK(p.catch_up("c") == names{"drop b surplus"});
  CHECK(p.pass(60s, {"a", "c"}, {"a", "c"}).empty());
}

TEST_CASE("a hedge whose leader comes to pull from the other is led by the other once a third flows") {
  puller p(hedged());
  settle_on_two(p, p.order({"a", "b", "c"}));
  CHECK(changed(p, "a", {"origin-1", "b", "a"}) == names{"probe c"});
  CHECK(p.hello("c") == names{"join c"});
  CHECK(p.catch_up("c") == names{"drop a surplus", "lead b"});
}

TEST_CASE("a hedge whose relays both come to pull from a third stays and looks again until one changes") {
  puller p(hedged());
  settle_on_two(p, p.order({"a", "b", "c"}));
  CHECK(changed(p, "a", {"origin-1", "c", "a"}).empty());
  CHECK(changed(p, "b", {"origin-1", "c", "b"}) == names{"probe c"});
  CHECK(p.hello("c") == names{"drop c shared_way"});
  for (int i = 0; i < 10; ++i) {
    names said;
    auto before = p.now;
    while (said.empty())
      said = p.pass(100ms, {"a", "b"}, {"a", "b"});
    CHECK(p.now - before <= 2600ms);
    CHECK(said == names{"probe c"});
    CHECK(p.hello("c") == names{"drop c shared_way"});
  }
  CHECK(changed(p, "b", {"origin-1", "b"}).empty());
  CHECK(p.pass(60s, {"a", "b"}, {"a", "b"}).empty());
}

TEST_CASE("a hedge that comes through one relay looks again when a new order comes, and later without one") {
  puller p(hedged());
  p.choice.set_order(p.order({"a", "b"}), p.now);
  p.run();
  p.hello("a");
  p.position(1000);
  p.catch_up("a");
  CHECK(p.hello("b", by(p, "b", {"a"})) == names{"drop b shared_way"});
  CHECK(p.pass(200ms, {"a"}, {"a"}) == names{"probe b"});
  CHECK(p.hello("b", by(p, "b", {"a"})) == names{"join b"});
  p.catch_up("b");
  CHECK(p.pass(5s, {"a", "b"}, {"a", "b"}).empty());
  SUBCASE("with a relay more") {
    p.choice.set_order(p.order({"a", "b", "c"}), p.now);
    CHECK(p.run() == names{"probe c"});
    CHECK(p.hello("c") == names{"join c"});
    CHECK(p.catch_up("c") == names{"drop b surplus"});
  }
  SUBCASE("with one that is not fed yet, and again soon") {
    p.choice.set_order(p.order({"a", "b", "c"}), p.now);
    CHECK(p.run() == names{"probe c"});
    CHECK(p.hello("c", by(p, "c", {"a"})) == names{"drop c shared_way"});
    CHECK(p.pass(313ms, {"a", "b"}, {"a", "b"}) == names{"probe c"});
    CHECK(p.hello("c") == names{"join c"});
  }
}

TEST_CASE(
    "the head and the next ranks are asked for a way apart, these for what they have, and none that fails") {
  puller p(hedged());
  settle_on_two(p, with_head({"a", "b", "c", "d", "e", "f", "g"}, {"a", "d"}));
  auto by_a = [&](const std::string& id) { return by(p, id, {"a"}); };
  SUBCASE("the next rank is apart") {
    CHECK(changed(p, "b", {"origin-1", "a", "b"}) == names{"probe c"});
    CHECK(p.last.mode == pull_mode::local);
    CHECK(p.hello("c") == names{"join c"});
    CHECK(p.catch_up("c") == names{"drop b surplus"});
  }
  SUBCASE("one of the head is") {
    CHECK(changed(p, "b", {"origin-1", "a", "b"}) == names{"probe c"});
    CHECK(p.hello("c", by_a("c")) == names{"drop c shared_way", "probe d"});
    CHECK(p.last.mode == pull_mode::through);
    CHECK(p.hello("d") == names{"join d"});
  }
  SUBCASE("nobody is") {
    CHECK(changed(p, "b", {"origin-1", "a", "b"}) == names{"probe c"});
    CHECK(p.hello("c", by_a("c")) == names{"drop c shared_way", "probe d"});
    CHECK(p.hello("d", by_a("d")) == names{"drop d shared_way", "probe e"});
    CHECK(p.hello("e", by_a("e")) == names{"drop e shared_way"});
  }
  SUBCASE("all fail, until one answers") {
    for (const auto* id : {"c", "d", "e"})
      p.health.failed(id, p.now);
    CHECK(changed(p, "b", {"origin-1", "a", "b"}).empty());
    CHECK(p.pass(3s, {"a", "b"}, {"a", "b"}).empty());
    p.health.heard("d");
    CHECK(p.pass(2500ms, {"a", "b"}, {"a", "b"}).front() == "probe d");
  }
}

TEST_CASE("a hedge that comes through one relay and loses a pull asks everybody at once") {
  puller p(hedged());
  settle_on_two(p, with_head({"a", "b", "c"}, {"a"}));
  CHECK(changed(p, "b", {"origin-1", "a", "b"}) == names{"probe c"});
  CHECK(p.hello("c", by(p, "c", {"a"})) == names{"drop c shared_way"});
  CHECK(p.closed("a") == names{"lead b", "probe c"});
  CHECK(p.last.mode == pull_mode::through);
}

TEST_CASE("a planned move does not bring a hedge's pulls together") {
  puller p(hedged());
  auto all = p.order({"a", "b", "c"});
  settle_on_two(p, all);
  std::rotate(all.relays.begin(), all.relays.begin() + 2, all.relays.end()); // c leads now
  p.choice.set_order(all, p.now);
  names said;
  while (said.empty())
    said = p.pass(100ms, {"a", "b"}, {"a", "b"});
  CHECK(said == names{"probe c"});
  CHECK(p.hello("c", by(p, "c", {"b"})) == names{"drop c shared_way"});
  CHECK(p.choice.current() == "a");
}
