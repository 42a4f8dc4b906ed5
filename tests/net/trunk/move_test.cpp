#include "net/support/live_log.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;
using cluster::drop_reason;
using cluster::relay_state;

namespace {

node_options relay_options() {
  node_options out;
  out.pulls.relay = true;
  return out;
}

node_options edge_options(std::size_t hedge = 1) {
  node_options out;
  out.workers = 2;
  out.pulls.choice.hedge = hedge;
  out.pulls.ask_jitter = 10ms;
  return out;
}

/// An origin o that pushes to the first two of the relays r1, r2, r3, and an edge e that pulls from them.
struct cluster_of_relays {
  explicit cluster_of_relays(node_options edge = edge_options()) : e("e", std::move(edge)) {
    for (auto* n : {&r1, &r2, &r3})
      entries.push_back(n->serve());
    for (auto* n : {&r1, &r2, &r3, &e})
      n->pull();
    list(entries);
    for (auto* n : {&o, &r1, &r2, &r3, &e})
      n->start();
    log.emplace(o, 10);
    REQUIRE(eventually([&] { return r1.status().head == log->head() && r2.status().head == log->head(); }));
    watch = e.watch().value();
    REQUIRE(all_arrives());
  }

  /// The directories say so from now on.
  void list(const std::vector<cluster::ranked_relay>& relays) {
    auto found = order(relays);
    found.spread = 1;
    found.digest = ++digest;
    for (auto* n : {&o, &r1, &r2, &r3, &e})
      n->directory.answer(found);
  }
  void tell_everybody() {
    o.pushes->snapshot_changed();
    for (auto* n : {&r1, &r2, &r3, &e})
      n->pulls->snapshot_changed();
  }
  bool all_arrives() {
    return eventually([&] { return watch->reaches(log->head()); });
  }
  /// Publishes a frame at a time until `holds`.
  bool goes_on_until(const std::function<bool()>& holds) {
    return eventually([&] {
      log->more();
      return holds();
    });
  }
  void check_whole() {
    log->more(10);
    REQUIRE(all_arrives());
    CHECK(watch->seen().bytes == log->sent());
    CHECK(watch->seen().lost == 0);
    CHECK(watch->seen().end == stream::end_reason::none);
  }

  std::uint64_t digest = 0;
  node o{"o"}, r1{"r1", relay_options()}, r2{"r2", relay_options()}, r3{"r3", relay_options()}, e;
  std::optional<live_log> log;
  std::vector<cluster::ranked_relay> entries;
  std::shared_ptr<log_watch> watch;
};

} // namespace

TEST_CASE("an edge leaves a draining relay for the next without a byte lost or doubled") {
  cluster_of_relays net;
  REQUIRE(net.e.status().upstream == "r1");
  auto draining = net.entries;
  std::rotate(draining.begin(), draining.begin() + 1, draining.end());
  draining[2].state = relay_state::draining;
  net.list(draining);
  net.tell_everybody();
  REQUIRE(net.goes_on_until([&] { return net.e.status().upstream == "r2"; }));
  net.check_whole();
  CHECK(net.e.switches(drop_reason::leaving) == 1);
  CHECK(net.e.switches(drop_reason::closed) == 0);
}

TEST_CASE("an origin pushes to the new relay first, and the old one finds another upstream before it ends") {
  cluster_of_relays net;
  auto old = net.r1.watch();
  REQUIRE(old.has_value());
  net.list({net.entries[1], net.entries[2], net.entries[0]});
  net.o.pushes->snapshot_changed();
  REQUIRE(net.goes_on_until([&] { return net.r3.status().feeder_kind == "push"; }));
  REQUIRE(net.goes_on_until([&] {
    auto now = net.r1.status();
    return now.feeder_kind == "pull" && now.upstream == "r2" &&
           now.path == std::vector<node_id>{"o", "r2", "r1"};
  }));
  // The push is over, and what r1 carries comes from r2 alone.
  auto doubled = [&] { return net.r1.count(&trunk_counters::doubled_bytes); };
  REQUIRE(net.goes_on_until([&, last = doubled()]() mutable {
    auto before = std::exchange(last, doubled());
    return before == last;
  }));
  net.check_whole();
  CHECK(eventually([&] { return (*old)->reaches(net.log->head()); }));
  CHECK((*old)->seen().bytes == net.log->sent());
  // A new relay is back-filled from the oldest byte retained.
  CHECK(net.r3.status().first == 0);
}

TEST_CASE("an edge away from its leading relay moves there, and nothing is lost or doubled") {
  auto options = edge_options();
  options.pulls.choice.home_wait = 200ms;
  options.pulls.choice.settle_after = 100ms;
  cluster_of_relays net(options);
  net.list({net.entries[2], net.entries[1], net.entries[0]});
  net.tell_everybody();
  REQUIRE(net.goes_on_until([&] { return net.e.status().upstream == "r3"; }));
  net.check_whole();
  CHECK(net.e.switches(drop_reason::moved) == 1);
}

TEST_CASE("a hedged edge is fed by two relays, each byte counts once, and one that dies is replaced") {
  cluster_of_relays net(edge_options(2));
  auto pulls = [&](node& relay) { return relay.server->pulls().size(); };
  REQUIRE(eventually([&] { return pulls(net.r1) == 1 && pulls(net.r2) == 1; }));
  net.log->more(50);
  net.check_whole();
  CHECK(eventually([&] { return net.e.count(&trunk_counters::hedge_pulls) == 1; }));
  REQUIRE(net.goes_on_until([&] { return net.e.count(&trunk_counters::doubled_bytes) > 0; }));
  net.r1.stop_serving();
  REQUIRE(net.goes_on_until([&] { return net.e.status().upstream == "r2" && pulls(net.r3) == 1; }));
  net.check_whole();
  CHECK(eventually([&] { return net.e.count(&trunk_counters::hedge_pulls) == 2; }));
  CHECK(net.e.switches(drop_reason::closed) == 1);
}

TEST_CASE("a hedged edge whose relay comes to pull from its other one goes to a relay apart") {
  cluster_of_relays net(edge_options(2));
  REQUIRE(eventually([&] { return net.e.status().ways.size() == 2; }));
  // r2 loses its push to r3 and goes on by r1; the edge's own list does not say so.
  auto changed = order({net.entries[0], net.entries[2], net.entries[1]});
  for (auto* n : {&net.o, &net.r2, &net.r3})
    n->directory.answer(changed);
  net.o.pushes->snapshot_changed();
  using way = std::vector<node_id>;
  REQUIRE(net.goes_on_until([&] { return net.r2.status().path == way{"o", "r1", "r2"}; }));
  net.e.directory.answer(changed);
  net.e.pulls->snapshot_changed();
  REQUIRE(net.goes_on_until([&] {
    auto ways = net.e.status().ways;
    std::sort(ways.begin(), ways.end());
    return ways == std::vector{way{"o", "r1"}, way{"o", "r3"}};
  }));
  net.check_whole();
}

TEST_CASE("a newer epoch reaches a hedged edge over both its pulls") {
  cluster_of_relays net(edge_options(2));
  REQUIRE(eventually([&] { return net.e.count(&trunk_counters::hedge_pulls) == 1; }));
  live_log second(net.o, 0, epoch{200}, 7);
  REQUIRE(eventually([&] { return net.e.status().log_epoch == epoch{200}; }));
  auto watch = net.e.watch().value();
  for (int i = 0; i < 50; ++i)
    second.more();
  REQUIRE(eventually([&] { return watch->reaches(second.head()); }));
  CHECK(watch->seen().bytes == second.sent());
  CHECK(net.e.count(&trunk_counters::pulls_started) == 2);
}

TEST_CASE("a relay that comes back is pushed to at once when the list says so") {
  cluster_of_relays net;
  net.r1.stop_serving();
  REQUIRE(net.goes_on_until([&] { return net.e.status().upstream == "r2"; }));
  net.check_whole();
  net.r1.server.emplace(net.r1.hub, net.r1.self, net.r1.options.server, logger("r1"));
  auto port = net.r1.server->listen({"127.0.0.1", 0});
  REQUIRE(port.has_value());
  net.entries[0].trunk_address = fmt::format("127.0.0.1:{}", *port);
  net.list(net.entries);
  net.o.pushes->snapshot_changed();
  REQUIRE(net.goes_on_until([&] { return net.r1.status().feeder_kind == "push"; }));
}
