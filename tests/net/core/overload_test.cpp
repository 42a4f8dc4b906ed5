#include "net/core/overload.hpp"

#include <doctest/doctest.h>

using namespace sluice::net;
using namespace std::chrono_literals;

namespace {

/// A timer each tenth of a second after the last call, as the probe's.
struct worker_time {
  overload judged;
  overload::time_point now{1h};

  explicit worker_time(overload_limits limits = {}) : judged(limits) {}

  /// So many timers, each `late`. How often an overload began or ended.
  int timers(int count, overload::duration late) {
    int changes = 0;
    for (int i = 0; i < count; ++i) {
      auto due = now + 100ms;
      now = due + late;
      changes += judged.sample(due, now);
    }
    return changes;
  }
};

} // namespace

TEST_CASE("timers that are all late for a second are an overload, and early ones end it after two") {
  worker_time w;
  CHECK(w.timers(100, 400ms) == 0);
  CHECK(w.timers(2, 500ms) == 0);
  CHECK(w.timers(1, 500ms) == 1);
  CHECK(w.judged.lasts());
  CHECK(w.timers(10, 600ms) == 0);
  CHECK(w.timers(19, 1ms) == 0);
  CHECK(w.judged.lasts());
  CHECK(w.timers(2, 1ms) == 1);
  CHECK_FALSE(w.judged.lasts());
}

TEST_CASE("one very late timer is a machine that hung, not an overload") {
  worker_time w;
  for (int i = 0; i < 10; ++i) {
    CHECK(w.timers(1, 30s) == 0);
    CHECK(w.timers(1, 1ms) == 0);
  }
  CHECK_FALSE(w.judged.lasts());
}

TEST_CASE("an overload does not swing where the lag stays near its limit") {
  worker_time w;
  CHECK(w.timers(10, 500ms) == 1);
  for (int i = 0; i < 50; ++i)
    CHECK(w.timers(1, i % 3 == 0 ? 300ms : 1ms) == 0);
  CHECK(w.judged.lasts());
}

TEST_CASE("a limit of nothing never shows an overload") {
  worker_time w({.lag = 0ms});
  CHECK(w.timers(100, 10s) == 0);
  CHECK_FALSE(w.judged.lasts());
}
