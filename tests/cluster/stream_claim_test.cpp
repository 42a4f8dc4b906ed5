#include "cluster/stream_claim.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace std::chrono_literals;

namespace {

const auto start = stream_claim::time_point{} + 1h;
constexpr std::uint64_t unix_start = 1'700'000'000'000;

held_log log_of(const node_id& origin, std::uint64_t epoch_value = 100, std::uint32_t newest = 5'000) {
  return {origin, {epoch_value}, newest};
}

/// A claim of origin `o2` on relays `r1` and `r2`, with a clock.
struct asked {
  stream_claim claim{"o2", {"r1", "r2"}, start};
  std::chrono::milliseconds at{0};

  void both_hold(const held_log& log) {
    claim.holds("r1", log);
    claim.holds("r2", log);
  }
  void beat(std::uint64_t number, bool live = true) {
    for (auto relay : {"r1", "r2"})
      claim.beat(relay, {number, live, 5'000, unix_start});
  }
  std::optional<claim_verdict> after(std::chrono::milliseconds wait, bool at_once = false) {
    at += wait;
    return claim.verdict(at_once, start + at, unix_start + static_cast<std::uint64_t>(at.count()));
  }
};

} // namespace

TEST_CASE("a key no relay holds is free as soon as all said so, or after the time for answers") {
  asked one;
  CHECK_FALSE(one.after(0ms));
  one.claim.over("r1");
  CHECK_FALSE(one.after(10ms));
  one.claim.over("r2");
  REQUIRE(one.after(0ms));
  CHECK_FALSE(one.after(0ms)->live);
  CHECK(one.after(0ms)->origin.empty());
  asked mute;
  CHECK_FALSE(mute.after(199ms));
  REQUIRE(mute.after(1ms));
  CHECK(mute.after(0ms)->last == epoch{});
}

TEST_CASE("a log whose beats go on is live at once; an old beat told again is none") {
  asked one;
  one.both_hold(log_of("o1"));
  one.beat(7);
  CHECK_FALSE(one.after(300ms));
  one.beat(8);
  auto verdict = one.after(0ms);
  REQUIRE(verdict);
  CHECK(verdict->live);
  CHECK(verdict->origin == "o1");
  CHECK(verdict->last == epoch{100});
}

TEST_CASE("a log without new beats is nobody's after the silence, and the next one starts after it") {
  asked one;
  one.both_hold(log_of("o1"));
  one.beat(7);
  CHECK_FALSE(one.after(699ms));
  auto verdict = one.after(1ms);
  REQUIRE(verdict);
  CHECK_FALSE(verdict->live);
  CHECK(verdict->last == epoch{100});
  CHECK(verdict->first_timestamp == 5'000 + 700 + 1);
}

TEST_CASE("a publisher that is away from its origin leaves its key to who comes") {
  asked one;
  one.both_hold(log_of("o1"));
  one.beat(7, true);
  one.beat(8, false);
  REQUIRE(one.after(10ms));
  CHECK_FALSE(one.after(0ms)->live);
}

TEST_CASE("an origin's own former log does not keep it from its key") {
  asked one;
  one.both_hold(log_of("o2"));
  one.beat(7);
  one.beat(8);
  REQUIRE(one.after(0ms));
  CHECK_FALSE(one.after(0ms)->live);
  CHECK(one.after(0ms)->last == epoch{100});
}

TEST_CASE("one relay that still gets beats is enough, though the other lost the origin") {
  asked one;
  one.claim.holds("r1", log_of("o1"));
  one.claim.over("r2");
  one.claim.beat("r1", {7, true, 5'000, unix_start});
  CHECK_FALSE(one.after(500ms));
  one.claim.beat("r1", {8, true, 5'200, unix_start + 200});
  REQUIRE(one.after(0ms));
  CHECK(one.after(0ms)->live);
}

TEST_CASE("the newest log counts, wherever it is") {
  asked one;
  one.claim.holds("r1", log_of("o1", 100, 9'000));
  one.claim.holds("r2", log_of("o3", 200, 4'000));
  one.claim.beat("r1", {7, true, 9'000, unix_start});
  one.claim.beat("r1", {8, true, 9'000, unix_start});
  CHECK_FALSE(one.after(10ms));
  auto verdict = one.after(700ms);
  REQUIRE(verdict);
  CHECK(verdict->origin == "o3");
  CHECK(verdict->first_timestamp == 4'001);
}

TEST_CASE("who takes over need not wait, and starts beyond what the live log still grows to") {
  asked one;
  one.both_hold(log_of("o1"));
  one.beat(7);
  auto verdict = one.after(10ms, true);
  REQUIRE(verdict);
  CHECK(verdict->live);
  CHECK(verdict->first_timestamp == 5'000 + 10 + 1'500 + 1);
}

TEST_CASE("a clock that was set, or an absence of days, moves timestamps by a minute at most") {
  asked one;
  one.both_hold(log_of("o1"));
  one.claim.beat("r1", {7, true, 5'000, 1});
  CHECK(one.after(700ms)->first_timestamp == 65'001);
  asked ahead;
  ahead.both_hold(log_of("o1"));
  ahead.claim.beat("r1", {7, true, 5'000, unix_start * 2});
  CHECK(ahead.after(700ms)->first_timestamp == 5'001);
}

TEST_CASE("the next look is when answers are due, then when the silence is over") {
  asked one;
  CHECK(one.claim.next_look(start) == start + 200ms);
  CHECK(one.claim.next_look(start + 200ms) == start + 700ms);
}
