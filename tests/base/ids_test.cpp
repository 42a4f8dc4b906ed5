#include "base/ids.hpp"

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("a stream key has two to four segments of safe characters") {
  CHECK(stream_key::parse("live/room1")->str() == "live/room1");
  CHECK(stream_key::parse("a/b/c/d~._-")->str() == "a/b/c/d~._-");
  for (auto bad : {"", "live", "live/", "/live/room1", "live//room1", "a/b/c/d/e", "live/ro om", "live/..",
                   "./room1", "live/room1.flv", "live/room1.live", "live/room1%2elive", "live/r\xc3\xb6m",
                   "live/%zz", "live/%4", "live/%"})
    CHECK_MESSAGE(stream_key::parse(bad).has_error(), bad);
  CHECK(stream_key::parse("a.live/room.live1")->str() == "a.live/room.live1");
  CHECK(stream_key::parse("live/" + std::string(128, 'x')).has_value());
  CHECK(stream_key::parse("live/" + std::string(129, 'x')).has_error());
}

TEST_CASE("a stream key is percent-decoded exactly once, before it is checked") {
  CHECK(stream_key::parse("live/%72oom1")->str() == "live/room1");
  CHECK(stream_key::parse("live%2Froom1")->str() == "live/room1");
  CHECK(stream_key::parse("live/%252e").has_error());
  CHECK(stream_key::parse("live/%2e%2e").has_error());
}

TEST_CASE("params are split off and never part of the key") {
  auto address = stream_address::parse("live/room1?token=a/b&x=1");
  REQUIRE(address.has_value());
  CHECK(address->key.str() == "live/room1");
  CHECK(address->params == "token=a/b&x=1");
  CHECK(stream_address::parse("live/room1")->params.empty());
}

TEST_CASE("a later epoch compares greater even when the clock went back") {
  auto first = epoch::next(1'000'000, {}, 0xffff);
  CHECK(first.unix_ms() == 1'000'000);
  auto second = epoch::next(999'000, first, 0);
  CHECK(second > first);
  CHECK(second.unix_ms() == 1'000'001);
  CHECK_FALSE(static_cast<bool>(epoch{}));
}

TEST_CASE("node ids are short and safe to print") {
  CHECK(valid_node_id("edge-1.fra_2"));
  CHECK_FALSE(valid_node_id(""));
  CHECK_FALSE(valid_node_id("a b"));
  CHECK_FALSE(valid_node_id(std::string(65, 'a')));
}
