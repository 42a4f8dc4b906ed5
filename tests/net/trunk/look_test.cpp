#include "net/support/live_log.hpp"
#include "net/trunk/look.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

namespace {

/// An origin that publishes to a relay, and another origin that looks.
struct looking {
  looking() {
    relay.pull();
    auto listed = relay.serve();
    for (auto* n : {&origin, &relay, &asker}) {
      n->directory.answer(order({listed}, 1));
      n->start();
    }
  }
  void publish() {
    live_log log(origin, 20);
    REQUIRE(eventually([&] { return relay.status().head > 0 && relay.status().last_beat; }));
  }
  cluster::claim_verdict ask(bool at_once = false) {
    std::promise<cluster::claim_verdict> verdict;
    auto& home = asker.workers.home(room());
    home.post([&] {
      trunk::ask_relays(home, asker.self, room(), {relay.listed}, at_once,
                        [&](const cluster::claim_verdict& found) { verdict.set_value(found); });
    });
    return verdict.get_future().get();
  }

  static node_options relay_options() {
    node_options out;
    out.pulls.relay = true;
    return out;
  }

  node origin{"o1"}, relay{"r", relay_options()}, asker{"o2"};
};

} // namespace

TEST_CASE("one who looks hears beats, and gets no bytes") {
  looking l;
  l.publish();
  auto sent = l.relay.count(&trunk_counters::sent_bytes);
  // A question has 0.7 s, in which a machine that is slow may hear no beat.
  cluster::claim_verdict found;
  CHECK(eventually([&] { return (found = l.ask()).live; }));
  CHECK(found.origin == "o1");
  CHECK(found.last == epoch{100});
  CHECK(l.relay.count(&trunk_counters::sent_bytes) == sent);
}

TEST_CASE("a dead origin's log is nobody's, and its end is known to the millisecond") {
  looking l;
  l.publish();
  auto newest = l.relay.status().newest_timestamp;
  l.origin.stop();
  auto found = l.ask();
  CHECK_FALSE(found.live);
  CHECK(found.origin == "o1");
  CHECK(found.last == epoch{100});
  CHECK(found.first_timestamp > newest);
}

TEST_CASE("who takes over at once is told of the log without a wait for its next beat") {
  looking l;
  l.publish();
  auto began = std::chrono::steady_clock::now();
  auto found = l.ask(true);
  CHECK(found.live);
  CHECK(found.last == epoch{100});
  CHECK(std::chrono::steady_clock::now() - began < 650ms);
}

TEST_CASE("relays without the log, and relays that are gone, leave nothing known") {
  looking l;
  CHECK(l.ask().origin.empty());
  l.relay.stop_serving();
  CHECK(l.ask().origin.empty());
}
