#include "net/trunk/peer_silence.hpp"

#include <doctest/doctest.h>

using namespace sluice::net::trunk;
using namespace std::chrono_literals;

namespace {

constexpr peer_silence::time_point start{1000s};

} // namespace

TEST_CASE("a peer that says nothing while this side listens is silent for that long") {
  peer_silence peer(start);
  for (auto now = start + 200ms; now <= start + 600ms; now += 200ms)
    peer.tick(now);
  CHECK_FALSE(peer.reaches(600ms, start + 599ms));
  CHECK(peer.reaches(600ms, start + 600ms));
  peer.heard(start + 600ms);
  CHECK_FALSE(peer.reaches(600ms, start + 1199ms));
}

TEST_CASE("the time in which this side stood still does not count") {
  peer_silence peer(start);
  peer.tick(start + 200ms);
  peer.tick(start + 10s);
  CHECK_FALSE(peer.reaches(600ms, start + 10s));
  peer.tick(start + 10'200ms);
  CHECK(peer.reaches(600ms, start + 10'200ms));
}

TEST_CASE("what was heard right after a standstill is not in the future") {
  peer_silence peer(start);
  peer.heard(start + 10s);
  peer.tick(start + 10s);
  CHECK(peer.reaches(600ms, start + 10'600ms));
}
