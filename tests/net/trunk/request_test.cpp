#include "net/trunk/identity.hpp"
#include "net/trunk/request.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
using trunk::request;

TEST_CASE("a pull's target reads back") {
  request asked{request::kind::play, stream_key::parse("live/room1").value()};
  asked.at = epoch{77};
  asked.from = 1'234;
  asked.mode = cluster::pull_mode::local;
  asked.avoid = {"r1", "r2"};
  CHECK(asked.str() == "/trunk/play/live/room1?mode=local&epoch=77&from=1234&avoid=r1,r2");
  auto back = request::parse(asked.str());
  REQUIRE(back.has_value());
  CHECK(back->what == request::kind::play);
  CHECK(back->key == asked.key);
  CHECK(back->at == asked.at);
  CHECK(back->from == asked.from);
  CHECK(back->mode == asked.mode);
  CHECK(back->avoid == asked.avoid);
}

TEST_CASE("a push's target reads back and unknown params are ignored") {
  request asked{request::kind::publish, stream_key::parse("live/room1").value()};
  CHECK(asked.str() == "/trunk/publish/live/room1");
  CHECK(request::parse("/trunk/look/live/room1")->what == request::kind::look);
  CHECK(request{request::kind::look, asked.key}.str() == "/trunk/look/live/room1");
  CHECK(request::parse("/trunk/publish/live/room1?later=1")->what == request::kind::publish);
  CHECK(request::parse("/trunk/play/live/room1")->mode == cluster::pull_mode::through);
}

TEST_CASE("targets that ask for nothing of the trunk's are refused") {
  CHECK(request::parse("/").error().code == errc::not_found);
  CHECK(request::parse("/trunk/other/live/room1").error().code == errc::not_found);
  for (auto target :
       {"/trunk/play/", "/trunk/play/one", "/trunk/play/live/..", "/trunk/play/live/r?epoch=x",
        "/trunk/play/live/r?from=-1", "/trunk/play/live/r?from=99999999999999999999",
        "/trunk/play/live/r?mode=up", "/trunk/play/live/r?avoid=a%20b", "/trunk/play/live/r?epoch="})
    CHECK_FALSE(request::parse(target).has_value());
  CHECK(request::parse("/trunk/play/live/r?avoid=" + std::string(3'000, 'a')).error().code ==
        errc::too_large);
}

TEST_CASE("an introduction is believed only with the cluster's secret, by its side, for these nonces") {
  trunk::identity client{"demo", "e1", "secret"}, server{"demo", "r1", "secret"};
  nonce mine{}, yours{};
  mine.fill(1);
  yours.fill(2);
  auto said = trunk::introduce(client, trunk::side::client, mine, yours);
  CHECK(trunk::check(server, said, trunk::side::client, yours).has_value());
  CHECK(trunk::check(server, said, trunk::side::server, yours).error().code == errc::unauthorized);
  CHECK(trunk::check(server, said, trunk::side::client, mine).error().code == errc::unauthorized);
  auto other = server;
  other.secret = "guess";
  CHECK(trunk::check(other, said, trunk::side::client, yours).error().code == errc::unauthorized);
  other = server;
  other.cluster = "else";
  CHECK(trunk::check(other, said, trunk::side::client, yours).error().code == errc::conflict);
  auto posing = said;
  posing.node = "e2";
  CHECK(trunk::check(server, posing, trunk::side::client, yours).error().code == errc::unauthorized);
  auto newer = said;
  newer.version = 2;
  CHECK(trunk::check(server, newer, trunk::side::client, yours).error().code == errc::unsupported);
}
