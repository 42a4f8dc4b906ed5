#include "net/http/api_json.hpp"
#include "net/http/reply.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
namespace json = boost::json;

namespace {

stream_status live_status() {
  stream_status out;
  out.key = "live/room1";
  out.log_epoch = {~std::uint64_t{0} - 1};
  out.live = true;
  out.feeder_kind = "pull";
  out.upstream = "r1";
  out.path = {"o1", "r1", "e1"};
  out.ways = {{"o1", "r1"}, {"o1", "r2"}};
  out.first = 10;
  out.head = 100;
  out.retained = 90;
  out.last_beat = stream::beat{3, "o1", true, {40, 1'700'000'000'000}};
  out.video = "avc1";
  out.width = 640;
  out.height = 360;
  out.viewers = 2;
  return out;
}

const auto key = stream_key::parse("live/room1").value();

} // namespace

TEST_CASE("a live stream is told with its place, its picture and its age") {
  auto out = stream_json("e1", "z1", key, live_status(), cluster::liveness::live).as_object();
  CHECK(out.at("key") == "live/room1");
  CHECK(out.at("node") == "e1");
  CHECK(out.at("zone") == "z1");
  CHECK(out.at("state") == "live");
  CHECK(out.at("epoch") == "18446744073709551614");
  CHECK(out.at("newest").at("timestamp_ms") == 40);
  CHECK(out.at("newest").at("unix_ms") == 1'700'000'000'000);
  CHECK(out.at("video") == "avc1");
  CHECK(out.at("audio").is_null());
  CHECK(out.at("width") == 640);
  CHECK(out.at("path") == json::array{"o1", "r1", "e1"});
  CHECK(out.at("ways") == json::array{json::array{"o1", "r1"}, json::array{"o1", "r2"}});
  CHECK(out.at("feeder") == "pull");
  CHECK(out.at("upstream") == "r1");
  CHECK(out.at("orphaned_since_unix_ms").is_null());
  CHECK(out.at("head") == 100);
  CHECK(out.at("viewers") == 2);
  CHECK(out.at("now_unix_ms").is_number());
}

TEST_CASE("a paused, an orphaned and an absent stream have their states") {
  auto paused = live_status();
  paused.last_beat->publisher_live = false;
  CHECK(stream_json("e1", "", key, paused, cluster::liveness::live).at("state") == "paused");
  auto orphan = live_status();
  orphan.orphaned_since = 5;
  auto told = stream_json("e1", "", key, orphan, cluster::liveness::live);
  CHECK(told.at("state") == "orphaned");
  CHECK(told.at("orphaned_since_unix_ms") == 5);
  auto absent = stream_json("e1", "", key, {}, cluster::liveness::unknown).as_object();
  CHECK(absent.at("state") == "unknown");
  for (const auto* name : {"epoch", "newest", "video", "audio", "upstream"})
    CHECK(absent.at(name).is_null());
  CHECK(absent.at("path").as_array().empty());
  CHECK(stream_json("e1", "", key, {}, cluster::liveness::live).at("state") == "live");
}

TEST_CASE("the list joins what the directories know with what is here") {
  plane::stream_list all;
  all.fresh = true;
  cluster::stream_announcement other;
  other.key = "live/room0";
  other.log_epoch = {5};
  other.origin = "o2";
  other.state = cluster::publisher_state::grace;
  cluster::stream_announcement same = other;
  same.key = "live/room1";
  same.state = cluster::publisher_state::live;
  all.streams = {same, other};
  auto out = streams_json(&all, {live_status()}).as_object();
  CHECK(out.at("directory") == "fresh");
  const auto& rows = out.at("streams").as_array();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("key") == "live/room0");
  CHECK(rows[0].at("state") == "paused");
  CHECK(rows[0].at("viewers") == 0);
  CHECK(rows[0].at("video").is_null());
  CHECK(rows[1].at("origin") == "o2");
  CHECK(rows[1].at("viewers") == 2);
  all.fresh = false;
  CHECK(streams_json(&all, {}).at("directory") == "stale");
  auto alone = streams_json(nullptr, {live_status()});
  CHECK(alone.at("directory") == "none");
  CHECK(alone.at("streams").as_array()[0].at("origin") == "o1");
}

TEST_CASE("an enumeration says who, in which order, and why") {
  cluster::enumeration e;
  e.order = {{"r2", "h2:1", "z", cluster::relay_state::ready, 2.5, 2, 7},
             {"r1", "h1:1", "", cluster::relay_state::suspect, 1}};
  e.head = {e.order[0]};
  e.digest = 0xab;
  e.stale = true;
  auto out = enumeration_json(key, "z", e).as_object();
  CHECK(out.at("live") == "unknown");
  CHECK(out.at("epoch").is_null());
  CHECK(out.at("origin").is_null());
  CHECK(out.at("head").as_array().size() == 1);
  CHECK(out.at("order").as_array()[0] == json::object{{"id", "r2"},
                                                      {"trunk", "h2:1"},
                                                      {"zone", "z"},
                                                      {"state", "ready"},
                                                      {"score", 2.5},
                                                      {"weight", 2.0},
                                                      {"load", 7}});
  CHECK(out.at("order").as_array()[1].at("state") == "suspect");
  CHECK(out.at("digest") == "00000000000000ab");
  CHECK(out.at("stale") == true);
}

TEST_CASE("publishers are shown this node's address and those of the origins that are ready") {
  cluster::node_view origin, leaving, http, edge;
  origin.role = leaving.role = http.role = cluster::node_role::origin;
  origin.public_url = "rtmp://o1:1935";
  leaving.public_url = "rtmp://o2:1935";
  leaving.state = cluster::relay_state::draining;
  http.public_url = "https://o3";
  edge.role = cluster::node_role::edge;
  edge.public_url = "rtmp://e1";
  CHECK(publish_json("", {origin, leaving, http, edge}).at("rtmp") == json::array{"rtmp://o1:1935"});
  origin.public_url = "rtmps://o1";
  CHECK(publish_json("", {origin}).at("rtmp") == json::array{"rtmps://o1"});
  origin.public_url = "rtmp://o1:1935";
  CHECK(publish_json("rtmp://o1:1935", {origin}).at("rtmp") == json::array{"rtmp://o1:1935"});
  CHECK(publish_json("rtmp://o4:1935", {origin}).at("rtmp") ==
        json::array{"rtmp://o4:1935", "rtmp://o1:1935"});
}

TEST_CASE("nodes are listed whole, edges only where a page can go") {
  cluster::node_view relay, edge, hidden, suspect;
  relay.id = "r1";
  relay.load.viewers = 3;
  relay.load_level = 9;
  relay.failing_for = {"e1", "e2"};
  edge.id = "e1";
  edge.role = cluster::node_role::edge;
  edge.public_url = "http://e1";
  hidden = edge;
  hidden.public_url.clear();
  suspect = edge;
  suspect.state = cluster::relay_state::suspect;
  relay.heard_by = {"d1", "d2"};
  auto answer = nodes_json({relay, edge}, {{"a:1", true, "", 0}, {"b:1", false, "refused", 0}});
  CHECK(answer.at("unreached") == json::array{json::object{{"directory", "b:1"}, {"why", "refused"}}});
  auto nodes = answer.at("nodes").as_array();
  CHECK(nodes[0].at("heard_by") == json::array{"d1", "d2"});
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].at("role") == "relay");
  CHECK(nodes[0].at("url").is_null());
  CHECK(nodes[0].at("viewers") == 3);
  CHECK(nodes[0].at("load") == 9);
  CHECK(nodes[0].at("failing_for") == json::array{"e1", "e2"});
  CHECK(edges_json({relay, edge, hidden, suspect}).at("edges") ==
        json::array{json::object{{"id", "e1"}, {"url", "http://e1"}}});
}

TEST_CASE("each class of failure has its status") {
  using boost::beast::http::status;
  CHECK(status_for(errc::bad_argument) == status::bad_request);
  CHECK(status_for(errc::unauthorized) == status::unauthorized);
  CHECK(status_for(errc::not_live) == status::not_found);
  CHECK(status_for(errc::conflict) == status::conflict);
  CHECK(status_for(errc::too_large) == status::payload_too_large);
  CHECK(status_for(errc::timed_out) == status::service_unavailable);
  CHECK(status_for(errc::io) == status::internal_server_error);
  CHECK(error_reply({errc::not_live, "a \"b\""}).body ==
        "{\"error\":\"not_live\",\"message\":\"a \\\"b\\\"\"}\n");
}
