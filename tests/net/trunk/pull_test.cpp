#include "net/support/live_log.hpp"
#include "net/support/ports.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

TEST_CASE("a log is pulled along a chain with the same bytes at the same offsets") {
  for (std::size_t workers : {1, 2}) {
    node a("a", {.workers = workers}), b("b", {.workers = workers}), c("c", {.workers = workers});
    b.pull();
    c.pull();
    b.directory.answer(order({a.serve()}));
    c.directory.answer(order({b.serve()}));
    for (auto* n : {&a, &b, &c})
      n->start();
    live_log log(a, 30);
    auto watch = c.watch();
    REQUIRE(watch.has_value());
    for (int i = 0; i < 20; ++i)
      log.more();
    REQUIRE(eventually([&] { return (*watch)->reaches(log.head()); }));
    auto seen = (*watch)->seen();
    CHECK(seen.of == epoch{100});
    CHECK(seen.first == 0);
    CHECK(seen.bytes == log.sent());
    CHECK(seen.path == std::vector<node_id>{"a", "b", "c"});
    auto status = c.status();
    CHECK(status.video == "avc1");
    CHECK(status.width == 640);
    CHECK(status.upstream == "b");
    REQUIRE(eventually([&] { return c.status().last_beat.has_value(); }));
    CHECK(c.status().last_beat->origin == "a");
  }
}

TEST_CASE("the reason for a log's end travels") {
  node a("a"), b("b"), c("c");
  b.pull();
  c.pull();
  b.directory.answer(order({a.serve()}));
  c.directory.answer(order({b.serve()}));
  for (auto* n : {&a, &b, &c})
    n->start();
  live_log log(a, 3);
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  a.finish(stream::end_reason::rollover);
  CHECK(eventually([&] { return (*watch)->seen().end == stream::end_reason::rollover; }));
}

TEST_CASE("a newer epoch on the same connection ends the old log as changed") {
  node a("a"), b("b");
  b.pull();
  b.directory.answer(order({a.serve()}));
  a.start();
  b.start();
  live_log log(a, 3);
  auto watch = b.watch();
  REQUIRE(watch.has_value());
  live_log second(a, 0, epoch{200}, 7);
  CHECK(eventually([&] { return (*watch)->seen().end == stream::end_reason::changed; }));
  REQUIRE(eventually([&] { return b.status().log_epoch == epoch{200}; }));
  CHECK(eventually([&] { return b.status().head == second.head(); }));
  CHECK(b.count(&trunk_counters::pulls_started) == 1);
}

TEST_CASE("a stream that is not live is refused without a relay being touched") {
  node a("a"), b("b", {.pulls = {.refusal_kept = 1h}});
  b.pull();
  auto nowhere = order({a.serve()});
  nowhere.live = cluster::liveness::not_live;
  b.directory.answer(nowhere);
  a.start();
  b.start();
  auto watch = b.watch(open_when::ready);
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().code == errc::not_live);
  CHECK(b.count(&trunk_counters::pulls_started) == 0);
  CHECK(b.watch().error().code == errc::not_live);
  CHECK(b.directory.asked() == 1);
}

TEST_CASE("a stream that starts just after it was refused is found") {
  node a("a"), b("b");
  b.pull();
  auto where = order({a.serve()});
  auto nowhere = where;
  nowhere.live = cluster::liveness::not_live;
  b.directory.answer(nowhere);
  a.start();
  b.start();
  REQUIRE_FALSE(b.watch().has_value());
  flv_source source;
  a.publish(epoch{100});
  a.append(source.start());
  a.append(source.frames(3));
  where.live = cluster::liveness::live;
  b.directory.answer(where);
  REQUIRE(eventually([&] { return b.watch().has_value(); }));
  CHECK(b.directory.asked() == 2);
}

TEST_CASE("a stream of unknown liveness that no relay has is refused after they were asked") {
  node a("a"), b("b"), c("c");
  c.pull();
  auto maybe = order({a.serve(), b.serve()});
  maybe.live = cluster::liveness::unknown;
  c.directory.answer(maybe);
  for (auto* n : {&a, &b, &c})
    n->start();
  auto watch = c.watch();
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().code == errc::not_live);
  CHECK(c.count(&trunk_counters::pulls_started) == 2);
}

TEST_CASE("a stream that ended while it was looked for is refused when the directory is asked again") {
  node a("a"), b("b");
  b.pull();
  auto was_live = order({a.serve()});
  auto nowhere = was_live;
  nowhere.live = cluster::liveness::not_live;
  b.directory.answer_once(was_live, nowhere);
  a.start();
  b.start();
  auto watch = b.watch();
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().code == errc::not_live);
  CHECK(b.count(&trunk_counters::pulls_started) == 1);
}

TEST_CASE("a node that does not know the secret is refused, both ways") {
  node a("a"), b("b", {.secret = "guess", .open_timeout = 700ms});
  b.pull();
  auto found = order({a.serve()});
  found.live = cluster::liveness::unknown;
  b.directory.answer(found);
  a.start();
  b.start();
  live_log log(a, 0);
  CHECK_FALSE(b.watch().has_value());
  CHECK(a.count(&trunk_counters::protocol_errors) > 0);
  CHECK(a.count(&trunk_counters::served) == 0);
}

TEST_CASE("an upstream whose path holds the puller is not used") {
  node a("a"), b("b", {.open_timeout = 500ms});
  b.pull();
  b.directory.answer(order({a.serve()}));
  a.start();
  b.start();
  flv_source source;
  a.publish(epoch{100});
  a.at_home([](hosted_stream& h) { h.log.current()->set_path({"o", "b", "a"}); });
  a.append(source.start());
  a.append(source.frames(1));
  CHECK_FALSE(b.watch().has_value());
  CHECK_FALSE(b.status().live);
}

TEST_CASE("a relay says how many nodes pull each stream from it") {
  node a("a", {.workers = 2}), b("b"), c("c");
  auto entry = a.serve();
  for (auto* n : {&b, &c}) {
    n->pull();
    n->directory.answer(order({entry}));
  }
  for (auto* n : {&a, &b, &c})
    n->start();
  CHECK(a.server->pulls().empty());
  live_log log(a, 3);
  auto first = b.watch(), second = c.watch();
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  using counts = std::vector<std::pair<std::string, std::uint32_t>>;
  CHECK(a.server->pulls() == counts{{"live/room1", 2}});
  b.stop();
  CHECK(eventually([&] { return a.server->pulls() == counts{{"live/room1", 1}}; }));
  c.stop();
  CHECK(eventually([&] { return a.server->pulls().empty(); }));
}

TEST_CASE("of two leading relays the less loaded one is pulled from") {
  for (int lighter : {0, 1}) {
    node a("a"), b("b"), d("d"), c("c");
    for (auto* n : {&b, &d, &c})
      n->pull();
    auto entry = a.serve();
    b.directory.answer(order({entry}));
    d.directory.answer(order({entry}));
    auto found = order({b.serve(), d.serve()});
    found.spread = 2;
    c.directory.answer(found);
    for (auto* n : {&a, &b, &c, &d})
      n->start();
    live_log log(a, 3);
    c.pulls->set_loads({{"b", lighter == 0 ? 1 : 9}, {"d", lighter == 0 ? 9 : 1}});
    REQUIRE(c.watch().has_value());
    CHECK(c.status().upstream == (lighter == 0 ? "b" : "d"));
  }
}

TEST_CASE("a node lists the relays that fail for it, whichever worker met the failure") {
  node a("a"), c("c", {.workers = 2});
  c.pull();
  auto entry = a.serve();
  auto dead = entry;
  dead.id = "dead";
  dead.trunk_address = "127.0.0.1:1";
  auto found = order({dead, entry});
  found.spread = 1;
  c.directory.answer(found);
  a.start();
  c.start();
  live_log log(a, 3);
  CHECK(c.pulls->failing().empty());
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  CHECK(c.pulls->failing() == std::vector<node_id>{"dead"});
}

TEST_CASE("a relay that failed for one stream is asked again and again, and cleared when it answers") {
  node a("a"), b("b"), c("c");
  c.pull();
  auto entry = a.serve();
  auto away = entry;
  away.id = "b";
  away.trunk_address = fmt::format("127.0.0.1:{}", test::free_port());
  auto found = order({away, entry});
  found.spread = 1;
  c.directory.answer(found);
  a.start();
  b.start();
  c.start();
  live_log log(a, 3);
  auto watch = c.watch();
  REQUIRE(watch.has_value());
  CHECK(c.pulls->failing() == std::vector<node_id>{"b"});
  b.server.emplace(b.hub, b.self, b.options.server, logger("b"));
  REQUIRE(b.server->listen(host_port::parse(away.trunk_address).value()).has_value());
  CHECK(eventually([&] { return c.pulls->failing().empty(); }));
}
