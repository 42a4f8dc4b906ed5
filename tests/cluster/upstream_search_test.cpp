#include "upstream_fixture.hpp"

#include <map>
#include <set>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

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
  CHECK(p.pass(1500ms) == names{"connect a", "drop a timed_out"});
  auto said = p.pass(1s);
  while (said.empty() || said.back() != "connect a")
    said = p.pass(50ms);
  p.hello("a");
  CHECK(p.health.suspect("a", p.now));
  p.pass(1s, {"a"}, {"a"});
  CHECK_FALSE(p.health.suspect("a", p.now));
}

TEST_CASE("where nobody else can be asked, a slow relay is waited for") {
  puller p;
  p.choice.set_order(p.order({"a"}), p.now);
  CHECK(p.pass(1499ms) == names{"connect a"});
  CHECK_FALSE(p.health.suspect("a", p.now));
  CHECK(p.hello("a") == names{"use a"});
}

TEST_CASE("when nobody knows, a relay that failed for other streams is asked before the search ends") {
  puller p;
  for (int i = 0; i < 6; ++i)
    p.health.failed("a", p.now);
  p.choice.set_order(p.order({"a"}, liveness::unknown), p.now);
  CHECK(p.pass(1s) == names{"connect a"});
  CHECK(p.closed("a") == names{"give up unreachable"});
}

TEST_CASE("a slow relay is left as soon as another can be asked") {
  puller p;
  for (int i = 0; i < 6; ++i)
    p.health.failed("b", p.now);
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.pass(700ms) == names{"connect a"});
  CHECK(p.pass(700ms) == names{"drop a timed_out", "connect b"});
}

TEST_CASE("a slow relay is left as soon as the order names another") {
  puller p;
  p.choice.set_order(p.order({"a"}), p.now);
  CHECK(p.pass(500ms) == names{"connect a"});
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.run() == names{"drop a timed_out", "connect b"});
}

TEST_CASE("a relay that answered other streams in the meantime is left as slow, not as dead") {
  puller p;
  p.choice.set_order(p.order({"a", "b"}), p.now);
  CHECK(p.pass(200ms) == names{"connect a"});
  p.health.answered("a", p.now);
  CHECK(p.pass(100ms) == names{"drop a timed_out", "connect b"});
  CHECK_FALSE(p.health.suspect("a", p.now));
}

TEST_CASE(
    "a relay that answers is no longer blocked for the other streams, but suspect until it proves itself") {
  puller p;
  p.choice.set_order(p.order({"a"}), p.now);
  CHECK(p.run() == names{"connect a"});
  for (int i = 0; i < 6; ++i)
    p.health.failed("a", p.now);
  p.hello("a");
  CHECK(p.health.usable("a", p.now));
  CHECK(p.health.suspect("a", p.now));
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
    p.choice.set_loads(std::make_shared<const relay_loads>(relay_loads{{"a", 9}, {"b", 2}}));
    p.choice.set_order(order, p.now);
    ++firsts[p.run().at(0)];
  }
  CHECK(firsts["connect b"] == 100);
}

TEST_CASE("a relay's pull asks once, with the plan's mode") {
  auto list = numbered(6);
  auto head = enumerate(key(), list, "").head;
  puller p({}, head[0].id);
  p.choice.set_order(order_of(plan_pull(enumerate(key(), list, ""), head[0].id, "")), p.now);
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
