#include "net/core/flush_pace.hpp"

#include <doctest/doctest.h>

using namespace sluice::net;
using namespace std::chrono_literals;

namespace {

/// A worker whose load is set from outside, sampled as often as it may be.
struct paced_worker {
  explicit paced_worker(flush_limits limits = {}) : pace(limits) { pace.sample(now, used); }
  void run(std::chrono::milliseconds how_long, double share) {
    for (auto end = now + how_long; now < end;) {
      now += flush_pace::sample_every;
      used += std::chrono::duration_cast<std::chrono::nanoseconds>(flush_pace::sample_every * share);
      pace.sample(now, used);
    }
  }
  flush_pace pace;
  flush_pace::time_point now{1h};
  std::chrono::nanoseconds used{};
};

} // namespace

TEST_CASE("a core with room sends each picture at once") {
  paced_worker w;
  w.run(2s, 0.6);
  CHECK(w.pace.gap() == 0ms);
}

TEST_CASE("batches grow on a full core, up to the limit, within half a second") {
  paced_worker w({0ms, 100ms});
  w.run(500ms, 0.95);
  CHECK(w.pace.gap() == 100ms);
  w.run(5s, 1.0);
  CHECK(w.pace.gap() == 100ms);
}

TEST_CASE("batches stay as they are while the core is busy but not full, and shrink when it has room") {
  paced_worker w;
  w.run(150ms, 0.9);
  auto grown = w.pace.gap();
  CHECK(grown > 20ms);
  w.run(2s, 0.65);
  CHECK(w.pace.gap() == grown);
  w.run(1s, 0.2);
  CHECK(w.pace.gap() == 0ms);
}

TEST_CASE("a set least time between flushes holds whatever the load") {
  paced_worker w({350ms, 350ms});
  CHECK(w.pace.gap() == 350ms);
  w.run(1s, 0.1);
  CHECK(w.pace.gap() == 350ms);
  w.run(1s, 1.0);
  CHECK(w.pace.gap() == 350ms);
}

TEST_CASE("the load before an idle spell does not count after it") {
  paced_worker w;
  w.used += 10s;
  w.now += 20s;
  w.pace.sample(w.now, w.used);
  CHECK(w.pace.gap() == 0ms);
}
