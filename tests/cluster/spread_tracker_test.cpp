#include "cluster/policy.hpp"
#include "cluster/spread_tracker.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace std::chrono_literals;

namespace {

const spread_tracker::time_point start{1000s};

} // namespace

TEST_CASE("the demand for a stream is the sum of its pulls over the relays of a zone") {
  spread_tracker demand{spread_options{}};
  CHECK(demand.demand("live/a", "east", start) == 1);
  demand.report("r1", "east", {{"live/a", 64}, {"live/b", 3}}, start);
  CHECK(demand.demand("live/a", "east", start) == 1);
  demand.report("r2", "east", {{"live/a", 65}}, start);
  CHECK(demand.demand("live/a", "east", start) == 3);
  demand.report("r3", "west", {{"live/a", 1000}}, start);
  CHECK(demand.demand("live/a", "east", start) == 3);
  CHECK(demand.demand("live/a", "west", start) == 16);
  CHECK(demand.demand("live/a", start) == 18);
  CHECK(demand.demand("live/b", "east", start) == 1);
}

TEST_CASE("a relay's newer report replaces its older one") {
  spread_tracker demand{spread_options{}};
  for (int i = 0; i < 10; ++i)
    demand.report("r1", "", {{"live/a", 640}}, start + i * 1s);
  CHECK(demand.demand("live/a", "", start + 10s) == 10);
  demand.report("r1", "", {{"live/a", 6400}}, start + 10s);
  CHECK(demand.demand("live/a", "", start + 10s) == max_spread);
}

TEST_CASE("questions count at once, before the relays report what came of them") {
  spread_tracker demand{spread_options{}};
  for (int i = 0; i < 640; ++i)
    demand.answered("live/a", "", start);
  CHECK(demand.demand("live/a", "", start) == 10);
  // They are the same readers, not more.
  demand.report("r1", "", {{"live/a", 640}}, start + 1s);
  CHECK(demand.demand("live/a", "", start + 1s) == 10);
}

TEST_CASE("a slow stream of questions does not add up") {
  spread_tracker demand{spread_options{}};
  for (int i = 0; i < 600; ++i)
    demand.answered("live/a", "", start + i * 1s);
  CHECK(demand.demand("live/a", "", start + 600s) == 1);
}

TEST_CASE("a spread grows at once and shrinks by half in a minute") {
  spread_tracker demand{spread_options{}};
  demand.report("r1", "", {{"live/a", 1024}}, start);
  CHECK(demand.demand("live/a", "", start) == 16);
  demand.report("r1", "", {}, start + 1s);
  CHECK(demand.demand("live/a", "", start + 1s) == 16);
  CHECK(demand.demand("live/a", "", start + 61s) == 8);
  CHECK(demand.demand("live/a", "", start + 121s) == 4);
  demand.report("r1", "", {{"live/a", 2048}}, start + 122s);
  CHECK(demand.demand("live/a", "", start + 122s) == 32);
}

TEST_CASE("a relay that is gone takes its pulls along, and the memory of them fades and is freed") {
  spread_tracker demand{spread_options{}};
  demand.report("r1", "east", {{"live/a", 640}, {"live/b", 1}}, start);
  demand.forget("r1");
  demand.forget("r1");
  CHECK(demand.size() == 2);
  demand.prune(start + 10s);
  CHECK(demand.size() == 1);
  CHECK(demand.demand("live/a", "east", start + 10s) > 8);
  demand.prune(start + 10min);
  CHECK(demand.size() == 0);
}

TEST_CASE("the number of streams, of entries in a report and of zones is bounded, and what is left out is "
          "counted") {
  spread_options options;
  options.max_keys = 200;
  spread_tracker demand{options};
  pull_counts many;
  for (std::size_t i = 0; i < 2 * max_pulls_reported; ++i)
    many.emplace_back(fmt::format("live/{}", i), 100);
  demand.report("r1", "", many, start);
  CHECK(demand.size() == max_pulls_reported);
  CHECK(demand.left_out() == 0);
  for (int i = 0; i < 1000; ++i)
    demand.answered(fmt::format("asked/{}", i), "", start);
  CHECK(demand.size() == 200);
  CHECK(demand.left_out() == 1000 - (200 - max_pulls_reported));
  for (int i = 0; i < 1000; ++i)
    demand.answered("live/0", fmt::format("zone-{}", i), start);
  CHECK(demand.demand("live/0", start) == 1000 / 64 + 1);
  demand.answered(std::string(10'000, 'x'), "", start);
  CHECK(demand.size() == 200);
}
