#include "net/support/live_log.hpp"
#include "net/support/scripted_relay.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;
using std::chrono::steady_clock;

namespace {

/// An origin a, relays b and d that have its log, and an edge c that pulls from b, then from d.
struct diamond {
  explicit diamond(std::size_t workers = 1)
      : a("a", {.workers = workers}), b("b", {.workers = workers}), c("c", {.workers = workers}),
        d("d", {.workers = workers}) {
    for (auto* n : {&b, &c, &d})
      n->pull();
    auto entry = a.serve();
    b.directory.answer(order({entry}));
    d.directory.answer(order({entry}));
    auto found = order({b.serve(), d.serve()});
    found.spread = 1;
    c.directory.answer(found);
    for (auto* n : {&a, &b, &c, &d})
      n->start();
    log.emplace(a, 10);
    kept = d.watch().value();
    watch = c.watch().value();
  }

  bool all_arrives() {
    return eventually([&] { return watch->reaches(log->head()); });
  }

  node a, b, c, d;
  std::optional<live_log> log;
  std::shared_ptr<log_watch> kept, watch;
};

trunk::hello hello_of(const node_id& id, epoch of, std::uint64_t first, std::uint64_t head) {
  trunk::hello out;
  trunk::log_state log;
  log.log_epoch = of;
  log.first = first;
  log.head = head;
  log.path = {"o", id};
  log.present = {true, true};
  out.log = log;
  out.from = first;
  return out;
}

} // namespace

TEST_CASE("an edge whose relay died goes on from the next without loss or doubling") {
  for (std::size_t workers : {1, 2}) {
    diamond net(workers);
    REQUIRE(net.all_arrives());
    REQUIRE(net.c.status().upstream == "b");
    net.b.stop_serving();
    net.log->more(20);
    REQUIRE(net.all_arrives());
    CHECK(net.c.status().upstream == "d");
    CHECK(net.watch->seen().bytes == net.log->sent());
    CHECK(net.watch->seen().lost == 0);
    CHECK(net.watch->seen().path == std::vector<node_id>{"a", "d", "c"});
    CHECK(net.c.switches(cluster::drop_reason::closed) == 1);
    CHECK(net.c.count(&trunk_counters::gaps) == 0);
  }
}

TEST_CASE("a kill while a large keyframe is on its way loses and doubles nothing") {
  diamond net;
  for (int round = 0; round < 5; ++round) {
    net.log->more(50);
    if (round == 2) net.b.stop_serving();
  }
  REQUIRE(net.all_arrives());
  CHECK(net.watch->seen().bytes == net.log->sent());
}

TEST_CASE("a relay that accepts and says nothing is left after the connect limit") {
  scripted_relay mute("m");
  node a("a"), c("c");
  c.pull();
  auto found = order({mute.stay_silent(), a.serve()});
  found.spread = 1;
  c.directory.answer(found);
  a.start();
  c.start();
  live_log log(a, 3);
  auto since = steady_clock::now();
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  auto took = steady_clock::now() - since;
  CHECK(took >= 290ms);
  CHECK(took < 1'500ms);
  CHECK(c.status().upstream == "a");
}

TEST_CASE("a relay that says hello and then falls silent is left after the silence limit") {
  scripted_relay half("h");
  node a("a"), c("c");
  c.pull();
  flv_source source;
  auto start = source.start();
  auto entry = half.serve([&](trunk::link& to, const trunk::introduction& own) {
    auto said = hello_of("h", epoch{100}, 0, start.size());
    said.who = own;
    to.send(said);
  });
  auto found = order({entry, a.serve()});
  found.spread = 1;
  c.directory.answer(found);
  a.start();
  c.start();
  a.publish(epoch{100});
  a.append(start);
  auto since = steady_clock::now();
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  CHECK(c.status().upstream == "h");
  REQUIRE(eventually([&] { return (*watch)->reaches(start.size()); }));
  auto took = steady_clock::now() - since;
  CHECK(took >= 590ms);
  CHECK(took < 2'000ms);
  CHECK(c.status().upstream == "a");
  CHECK((*watch)->seen().bytes == start);
}

TEST_CASE("a gap is accepted only after the others were asked, and is counted") {
  // b and d once had everything; now only the newest part is left, on d more of it than on b.
  scripted_relay b("b"), d("d");
  std::mutex asked_mutex;
  std::vector<node_id> asked;
  auto answer_with = [&](const node_id& id, std::uint64_t first) {
    return [&, id, first](trunk::link& to, const trunk::introduction& own) {
      {
        std::lock_guard lock(asked_mutex);
        asked.push_back(id);
      }
      auto said = hello_of(id, epoch{100}, first, 20'000'000);
      said.who = own;
      to.send(said);
    };
  };
  auto a = std::make_unique<node>("a");
  node c("c");
  c.pull();
  auto entry_a = a->serve();
  c.directory.answer(order({entry_a}));
  a->start();
  c.start();
  live_log log(*a, 5);
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  auto head = log.head();
  REQUIRE(eventually([&] { return (*watch)->reaches(head); }));
  auto found = order({b.serve(answer_with("b", 5'000'000)), d.serve(answer_with("d", 4'000'000))});
  found.spread = 1;
  c.directory.answer(found);
  auto before = c.directory.asked();
  c.pulls->snapshot_changed();
  REQUIRE(eventually([&] { return c.directory.asked() > before; }));
  a->stop();
  REQUIRE(eventually([&] { return c.status().first == 4'000'000; }));
  CHECK(c.count(&trunk_counters::gaps) == 1);
  CHECK(c.count(&trunk_counters::gap_bytes) == 4'000'000 - head);
  std::lock_guard lock(asked_mutex);
  REQUIRE(asked.size() >= 3);
  CHECK(std::find(asked.begin(), asked.end(), "b") != asked.end());
  CHECK(asked.back() == "d");
}

TEST_CASE("a reader that fell behind its relay's retained part is told of the gap") {
  node a("a", {.retain_bytes = 300'000}), b("b");
  b.pull();
  b.directory.answer(order({a.serve()}));
  a.start();
  b.start();
  live_log log(a, 3);
  auto watch = b.watch();
  REQUIRE(watch.has_value());
  // One call appends far more than a retains, so what b has not read is gone when its turn comes.
  log.more(200);
  auto head = log.head();
  REQUIRE(eventually([&] { return (*watch)->reaches(head); }));
  auto seen = (*watch)->seen();
  CHECK(seen.lost > 0);
  CHECK(b.count(&trunk_counters::gap_bytes) == seen.lost);
  CHECK(seen.bytes.size() + seen.lost == head);
}

TEST_CASE("a log without beats ends as origin_lost when the grace is over") {
  node_options edge;
  edge.pulls.choice.grace = 800ms;
  node a("a"), c("c", edge);
  c.pull();
  c.directory.answer(order({a.serve()}));
  a.start();
  c.start();
  live_log log(a, 3);
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  a.stop_serving();
  CHECK(eventually([&] { return (*watch)->seen().end == stream::end_reason::origin_lost; }));
}

TEST_CASE("an upstream of a lower epoch is told stale and not used") {
  scripted_relay old("x");
  node a("a"), c("c");
  c.pull();
  auto entry_a = a.serve();
  auto entry_old = old.serve([](trunk::link& to, const trunk::introduction& own) {
    auto said = hello_of("x", epoch{50}, 0, 100);
    said.who = own;
    to.send(said);
  });
  c.directory.answer(order({entry_a}));
  a.start();
  c.start();
  live_log log(a, 3);
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  c.directory.answer(order({entry_old}));
  c.pulls->snapshot_changed();
  REQUIRE(eventually([&] { return old.clients() > 0; }));
  CHECK(c.status().log_epoch == epoch{100});
  CHECK((*watch)->seen().end == stream::end_reason::none);
}
