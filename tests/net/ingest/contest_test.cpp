#include "net/ingest/contest.hpp"
#include "net/support/trunk_nodes.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;
using net::contest;
using net::second_publisher;

namespace {

const auto start = contest::time_point{} + 24h;

} // namespace

TEST_CASE("with refuse nobody takes a key from a live publisher") {
  contest c(second_publisher::refuse);
  CHECK_FALSE(c.may_take(room(), start));
  CHECK_FALSE(c.may_take(room(), start + 24h));
}

TEST_CASE("with takeover the first newcomer wins, and two that both come back do not go on for ever") {
  contest c(second_publisher::takeover);
  CHECK(c.may_take(room(), start));
  c.took(room(), start);
  auto now = start;
  for (int again = 0; again < 100; ++again) {
    CHECK_FALSE(c.may_take(room(), now += 59s));
    c.refused(room(), now);
  }
  CHECK(c.may_take(room(), now + 60s));
}

TEST_CASE("an origin that lost a key does not take it back while it is live elsewhere") {
  contest c(second_publisher::takeover);
  c.lost(room(), epoch{7});
  c.lost(room(), epoch{5});
  CHECK(c.newest(room()) == epoch{7});
  CHECK_FALSE(c.may_take(room(), start + 24h));
  c.settled(room());
  CHECK(c.may_take(room(), start + 24h));
  CHECK(c.newest(room()) == epoch{});
}

TEST_CASE("a bounded number of keys is remembered") {
  contest c(second_publisher::takeover);
  for (std::size_t i = 0; i < contest::max_keys + 5; ++i)
    c.lost(stream_key::parse(fmt::format("live/{:06}", i)).value(), epoch{1});
  CHECK(c.newest(stream_key::parse("live/000000").value()) == epoch{});
  CHECK(c.newest(stream_key::parse("live/010004").value()) == epoch{1});
}
