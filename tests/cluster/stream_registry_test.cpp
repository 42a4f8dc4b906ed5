#include "cluster/stream_registry.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t unix_now = 1'700'000'000'000;
const stream_registry::time_point start{1000s};

epoch at(std::uint64_t ms) {
  return {ms << 16};
}

stream_announcement stream(std::string key, std::string origin, epoch log_epoch,
                           std::uint32_t timestamp = 0) {
  stream_announcement out;
  out.key = std::move(key);
  out.origin = std::move(origin);
  out.log_epoch = log_epoch;
  out.last_timestamp = timestamp;
  return out;
}

errc code(const result<void>& done) {
  return done.has_error() ? done.error().code : errc{};
}

} // namespace

TEST_CASE("of two origins of a key the higher epoch wins, whichever comes first") {
  stream_registry streams{{}};
  REQUIRE(streams.announce(stream("live/a", "o1", at(unix_now)), unix_now, start).has_value());
  CHECK(code(streams.announce(stream("live/a", "o2", at(unix_now)), unix_now, start)) == errc::conflict);
  REQUIRE(streams.announce(stream("live/a", "o2", at(unix_now + 1)), unix_now, start).has_value());
  CHECK(streams.find("live/a")->origin == "o2");
  CHECK(code(streams.announce(stream("live/a", "o1", at(unix_now)), unix_now, start)) == errc::stale);
  CHECK(streams.list().size() == 1);
  streams.drop_origin("o1", start);
  CHECK(streams.find("live/a") != nullptr);
}

TEST_CASE("an announcement repeated updates the stream, and its timestamp never goes back") {
  stream_registry streams{{}};
  REQUIRE(streams.announce(stream("live/a", "o1", at(unix_now), 500), unix_now, start).has_value());
  auto again = stream("live/a", "o1", at(unix_now), 400);
  again.state = publisher_state::grace;
  REQUIRE(streams.announce(again, unix_now, start).has_value());
  CHECK(streams.find("live/a")->state == publisher_state::grace);
  CHECK(streams.find("live/a")->last_timestamp == 500);
  streams.touch("live/a", "o1", 450);
  CHECK(streams.find("live/a")->last_timestamp == 500);
  streams.touch("live/a", "o2", 900);
  CHECK(streams.find("live/a")->last_timestamp == 500);
}

TEST_CASE("an epoch below one that ended is refused, and the same one may return") {
  stream_registry streams{{}};
  REQUIRE(streams.announce(stream("live/a", "o1", at(unix_now)), unix_now, start).has_value());
  REQUIRE(streams.withdraw("live/a", at(unix_now), start));
  CHECK(code(streams.announce(stream("live/a", "o1", at(unix_now - 1)), unix_now, start)) == errc::stale);
  CHECK(streams.announce(stream("live/a", "o1", at(unix_now)), unix_now, start).has_value());
}

TEST_CASE("epochs of zero or more than a day ahead, and unusable fields, are refused") {
  stream_registry streams{{}};
  auto refused = [&](const stream_announcement& one) {
    return code(streams.announce(one, unix_now, start)) == errc::bad_argument;
  };
  CHECK(refused(stream("live/a", "o1", {})));
  CHECK(refused(stream("live/a", "o1", at(unix_now + max_epoch_ahead_ms + 1))));
  CHECK_FALSE(refused(stream("live/a", "o1", at(unix_now + max_epoch_ahead_ms))));
  CHECK(refused(stream("live", "o1", at(unix_now))));
  CHECK(refused(stream("live/%61", "o1", at(unix_now))));
  CHECK(refused(stream("live/b", "o 1", at(unix_now))));
  auto odd = stream("live/b", "o1", at(unix_now));
  odd.video = std::string(17, 'x');
  CHECK(refused(odd));
  odd = stream("live/b", "o1", at(unix_now));
  odd.state = static_cast<publisher_state>(7);
  CHECK(refused(odd));
}

TEST_CASE("the number of streams is bounded") {
  stream_registry streams{{2, 2, 24h}};
  REQUIRE(streams.announce(stream("live/a", "o1", at(unix_now)), unix_now, start).has_value());
  REQUIRE(streams.announce(stream("live/b", "o1", at(unix_now)), unix_now, start).has_value());
  CHECK(code(streams.announce(stream("live/c", "o1", at(unix_now)), unix_now, start)) == errc::unavailable);
}

TEST_CASE("the memory of ended streams is bounded in number and in time") {
  stream_registry streams{{10, 2, 24h}};
  for (auto name : {"live/a", "live/b", "live/c"}) {
    REQUIRE(streams.announce(stream(name, "o1", at(unix_now), 9), unix_now, start).has_value());
    REQUIRE(streams.withdraw(name, at(unix_now), start));
  }
  CHECK_FALSE(static_cast<bool>(streams.recall("live/a", start).last));
  CHECK(streams.recall("live/b", start).last == at(unix_now));
  CHECK(streams.recall("live/c", start + 24h).last_timestamp == 9);
  CHECK_FALSE(static_cast<bool>(streams.recall("live/c", start + 24h + 1s).last));
}

TEST_CASE("the memory of a key keeps its newest epoch through many logs") {
  stream_registry streams{{10, 4, 24h}};
  for (std::uint64_t i = 0; i < 100; ++i) {
    REQUIRE(streams.announce(stream("live/a", "o1", at(unix_now + i), 7), unix_now, start).has_value());
    streams.drop_origin("o1", start);
    CHECK(streams.recall("live/a", start).last == at(unix_now + i));
  }
}
