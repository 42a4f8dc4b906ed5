#include "cluster/relay_health.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace std::chrono_literals;

namespace {
const relay_health::time_point start{1000s};
}

TEST_CASE("a back-off doubles up to its limit, a quarter more or less") {
  std::uint64_t random = 1;
  bool differ = false;
  for (std::uint32_t n = 0; n < 40; ++n) {
    auto expected = std::min<std::chrono::milliseconds>(100ms * (1 << std::min(n, 10u)), 1000ms);
    for (int i = 0; i < 100; ++i) {
      auto wait = backoff(100ms, 1000ms, n, random);
      CHECK(wait >= expected * 3 / 4);
      CHECK(wait <= expected * 5 / 4);
      differ = differ || wait != expected;
    }
  }
  CHECK(differ);
}

TEST_CASE("failures in a row block a relay longer and longer, and a good word ends it") {
  relay_health health(1);
  CHECK(health.usable("a", start));
  auto now = start;
  for (int i = 0; i < 6; ++i) {
    health.failed("a", now);
    CHECK_FALSE(health.usable("a", now));
    now += 1250ms;
    CHECK(health.usable("a", now));
    CHECK(health.suspect("a", now));
  }
  health.failed("a", now);
  CHECK_FALSE(health.usable("a", now + 700ms));
  health.heard("a");
  CHECK(health.usable("a", now));
  CHECK_FALSE(health.suspect("a", now));
}

TEST_CASE("a suspicion ends by itself, and the next failure counts as the first") {
  relay_health health(1);
  for (int i = 0; i < 6; ++i)
    health.failed("a", start);
  auto later = start + relay_health::suspect_for;
  CHECK_FALSE(health.suspect("a", later));
  health.failed("a", later);
  CHECK(health.usable("a", later + 125ms));
}

TEST_CASE("a relay that answered lately is known") {
  relay_health health(1);
  CHECK_FALSE(health.answered_since("a", start));
  health.answered("a", start + 1s);
  CHECK(health.answered_since("a", start + 1s));
  CHECK_FALSE(health.answered_since("a", start + 1001ms));
  health.heard("a");
  CHECK(health.answered_since("a", start));
}

TEST_CASE("the number of marks is bounded") {
  relay_health health(1);
  for (std::size_t i = 0; i < relay_health::max_marks; ++i)
    health.failed(fmt::format("r{}", i), start);
  health.failed("one-more", start);
  CHECK(health.usable("one-more", start));
  health.failed("one-more", start + 1min);
  CHECK_FALSE(health.usable("one-more", start + 1min));
}

TEST_CASE("the relays that fail are listed, the longest failing first, until they serve or are forgotten") {
  relay_health health(1);
  CHECK(health.failing(start).empty());
  health.failed("b", start);
  health.failed("a", start + 1s);
  health.failed("b", start + 2s);
  CHECK(health.failing(start + 2s) == std::vector<node_id>{"b", "a"});
  health.heard("b");
  CHECK(health.failing(start + 2s) == std::vector<node_id>{"a"});
  CHECK(health.failing(start + 1s + relay_health::suspect_for).empty());
}

TEST_CASE("the list of relays that fail is bounded") {
  relay_health health(1);
  for (std::size_t i = 0; i < 2 * relay_health::max_reported; ++i)
    health.failed(fmt::format("r{}", i), start);
  CHECK(health.failing(start).size() == relay_health::max_reported);
}
