#include "cluster/failure_watch.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace std::chrono_literals;

namespace {

struct watch_fixture {
  void report(const node_id& reporter, std::vector<node_id> relays) { watch.report(reporter, relays, now); }
  bool advance(std::chrono::milliseconds by, std::size_t most = 1) {
    now += by;
    return watch.update(most, now);
  }
  failure_watch::time_point now{1000s};
  failure_watch watch{failure_options{}};
};

} // namespace

TEST_CASE("one reporter makes no relay failing, two do, and a relay's word on itself is ignored") {
  watch_fixture f;
  f.report("e1", {"r1"});
  f.report("r1", {"r1"});
  CHECK_FALSE(f.advance(0s));
  CHECK_FALSE(f.watch.failing("r1"));
  f.report("e2", {"r1"});
  CHECK(f.advance(0s));
  CHECK(f.watch.failing("r1"));
  CHECK_FALSE(f.advance(100ms));
}

TEST_CASE("two reports that lie further apart than the window do not add up") {
  watch_fixture f;
  f.report("e1", {"r1"});
  f.advance(3s);
  f.report("e2", {"r1"});
  CHECK_FALSE(f.advance(0s));
  CHECK_FALSE(f.watch.failing("r1"));
}

TEST_CASE("a relay stays failing for the hold after the last report, of a single reporter too") {
  watch_fixture f;
  f.report("e1", {"r1"});
  f.report("e2", {"r1"});
  f.advance(0s);
  for (int second = 0; second < 20; ++second) {
    f.report("e1", {"r1"});
    CHECK_FALSE(f.advance(1s));
  }
  CHECK_FALSE(f.advance(8999ms));
  CHECK(f.watch.failing("r1"));
  CHECK(f.advance(1ms));
  CHECK_FALSE(f.watch.failing("r1"));
}

TEST_CASE("a relay that fails again soon is held longer, up to a limit, and is forgiven in time") {
  watch_fixture f;
  auto held_for = [&] {
    f.report("e1", {"r1"});
    f.report("e2", {"r1"});
    CHECK(f.advance(0s));
    auto since = f.now;
    while (!f.advance(1s)) {
    }
    return f.now - since;
  };
  CHECK(held_for() == 10s);
  CHECK(held_for() == 20s);
  CHECK(held_for() == 40s);
  CHECK(held_for() == 80s);
  CHECK(held_for() == 80s);
  f.advance(5min);
  CHECK(f.watch.idle());
  CHECK(held_for() == 10s);
}

TEST_CASE("no more relays count than may; those that count keep their place, then the most reported") {
  watch_fixture f;
  for (auto reporter : {"e1", "e2"})
    f.report(reporter, {"r1"});
  CHECK(f.advance(0s));
  for (auto reporter : {"e1", "e2", "e3"})
    f.report(reporter, {"r2"});
  for (auto reporter : {"e1", "e2", "e3", "e4"})
    f.report(reporter, {"r3"});
  CHECK_FALSE(f.advance(1s));
  CHECK(f.watch.failing("r1"));
  CHECK_FALSE(f.watch.failing("r3"));
  CHECK(f.advance(0s, 2));
  CHECK(f.watch.failing("r3"));
  CHECK_FALSE(f.watch.failing("r2"));
  f.report("e1", {"r2"});
  CHECK_FALSE(f.advance(0s, 2));
  CHECK(f.advance(9s, 2));
  CHECK_FALSE(f.watch.failing("r1"));
  CHECK(f.watch.failing("r2"));
}

TEST_CASE("a relay that started anew is not blamed for its old self") {
  watch_fixture f;
  for (auto reporter : {"e1", "e2"})
    f.report(reporter, {"r1"});
  f.advance(0s);
  f.watch.started("r1", f.now);
  CHECK_FALSE(f.watch.failing("r1"));
  // Some have not noticed yet.
  f.advance(4999ms);
  for (auto reporter : {"e1", "e2"})
    f.report(reporter, {"r1"});
  CHECK_FALSE(f.advance(0s));
  CHECK_FALSE(f.watch.failing("r1"));
  f.advance(1ms);
  CHECK(f.watch.idle());
  for (auto reporter : {"e1", "e2"})
    f.report(reporter, {"r1"});
  CHECK(f.advance(0s));
  CHECK(f.watch.failing("r1"));
}

TEST_CASE("of a relay that is gone nothing is remembered") {
  watch_fixture f;
  for (auto reporter : {"e1", "e2"})
    f.report(reporter, {"r1"});
  f.advance(0s);
  f.watch.forget("r1");
  CHECK_FALSE(f.watch.failing("r1"));
  CHECK(f.watch.idle());
}

TEST_CASE("what one node may report is bounded, and so are the reporters that are kept") {
  watch_fixture f;
  std::vector<node_id> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(fmt::format("r{:02}", i));
  f.report("e1", many);
  f.report("e2", many);
  f.advance(0s, 1000);
  CHECK(f.watch.failing(fmt::format("r{:02}", max_failing_reported - 1)));
  CHECK_FALSE(f.watch.failing(fmt::format("r{:02}", max_failing_reported)));
  for (int i = 0; i < 1000; ++i)
    f.report(fmt::format("edge-{}", i), {"r00", "not a node id"});
  f.advance(0s, 1000);
  CHECK(f.watch.failing("r00"));
  CHECK_FALSE(f.watch.failing("not a node id"));
}
