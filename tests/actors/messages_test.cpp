#include "actors/list_file.hpp"
#include "actors/support.hpp"
#include "cluster/snapshot.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace sluice;
using namespace sluice::actors;

namespace {

using bytes = std::vector<char>;

template <class T>
bytes encode(caf::actor_system& sys, const T& value) {
  bytes out;
  caf::binary_serializer sink(sys, out);
  CHECK(!sink(value));
  return out;
}

template <class T>
bool decode(caf::actor_system& sys, const bytes& from, T& value) {
  caf::binary_deserializer source(sys, from);
  return !source(value);
}

message_head head() {
  message_head out;
  out.extra = {{"later", "field"}};
  return out;
}

cluster::snapshot list() {
  cluster::snapshot out;
  cluster::relay_entry one;
  one.id = "r1";
  one.boot_nonce = 3;
  one.trunk_address = "10.0.0.1:8500";
  one.zone = "east";
  one.weight = 2;
  out.relays = {one};
  cluster::seal(out);
  return out;
}

cluster::stream_announcement stream() {
  cluster::stream_announcement out;
  out.key = "live/room1";
  out.log_epoch = epoch{0x123456789abcULL};
  out.origin = "o1";
  out.state = cluster::publisher_state::grace;
  out.last_timestamp = 42;
  out.since_unix_ms = 1'700'000'000'000;
  out.video = "avc1";
  out.audio = "mp4a";
  out.width = 1920;
  out.height = 1080;
  return out;
}

// Calls `each` with a name and a filled value of every message that nodes exchange.
template <class Each>
void for_each_message(Each each) {
  cluster::node_registration node;
  node.id = "r1";
  node.role = cluster::node_role::relay;
  node.boot_nonce = 3;
  node.zone = "east";
  node.trunk_address = "10.0.0.1:8500";
  node.public_url = "https://r1.example";
  node.version = "0.1.0";
  node.weight = 2;
  each("register_request", register_request{head(), node});
  each("register_answer", register_answer{head(), "d1", 9, true});
  cluster::node_heartbeat beat;
  beat.id = "r1";
  beat.boot_nonce = 3;
  beat.load.egress_bps = 1000;
  beat.load.viewers = 5;
  beat.load.streams = 2;
  beat.load.capacity_bps = 9000;
  beat.load.pulls = 3;
  beat.load.cpu_permille = 250;
  beat.load.loop_lag_us = 1500;
  beat.draining = true;
  beat.failing = {"r2"};
  beat.pulls = {{"live/room1", 3}};
  beat.timestamps = {{"live/room1", 42}};
  each("heartbeat_request", heartbeat_request{head(), beat});
  each("heartbeat_answer", heartbeat_answer{head(), {{"live/room1", epoch{77}}}});
  each("leave_request", leave_request{head(), "r1", 3});
  each("announce_request", announce_request{head(), stream(), 3});
  each("withdraw_request", withdraw_request{head(), "live/room1", epoch{77}});
  each("stream_query", stream_query{head(), "live/room1", "east", 0x0102030405060708});
  cluster::enumeration found;
  cluster::ranked_relay ranked;
  ranked.id = "r1";
  ranked.trunk_address = "10.0.0.1:8500";
  ranked.zone = "east";
  ranked.score = 0.5;
  ranked.weight = 2;
  ranked.load = 7;
  found.head = {ranked};
  found.order = {ranked};
  found.spread = 2;
  found.live = cluster::liveness::live;
  found.live_epoch = epoch{77};
  found.origin = "o1";
  found.digest = 1234;
  each("enumerate_answer", enumerate_answer{head(), found});
  cluster::stream_recall known;
  known.last = epoch{77};
  known.last_timestamp = 42;
  known.live_origin = "o1";
  each("recall_answer", recall_answer{head(), known});
  cluster::published_snapshot published;
  published.at.directory = "d1";
  published.at.boot_nonce = 9;
  published.at.counter = 4;
  published.warming = true;
  published.store_lost = true;
  published.list = list();
  each("snapshot_update", snapshot_update{head(), published});
  cluster::directory_overview overview;
  overview.at = published.at;
  overview.digest = 1234;
  overview.frozen = true;
  overview.has_store = true;
  overview.rules.drained = {"r2"};
  overview.rules.weights = {{"r1", 0.5}};
  overview.rules.changes = {{"drain/r2", 7}, {"weight/r1", 9}};
  each("overview_answer", overview_answer{head(), overview});
  cluster::policy_change change;
  change.what = cluster::policy_command::weight;
  change.node = "r1";
  change.weight = 0.5;
  each("change_request", change_request{head(), change});
  each("policy_offer", policy_offer{head(), overview.rules});
  each("load_update", load_update{head(), "d1", {1234, {0x21, 0x03}}});
  each("page_query", page_query{head(), "r1"});
  each("stream_page", stream_page{head(), {stream()}, true});
  cluster::node_view view;
  view.id = "r1";
  view.last_heard_ms = 12;
  view.load_level = 7;
  view.drained = true;
  view.failing_for = {"e1"};
  view.elsewhere = true;
  view.heard_by = {"d1"};
  each("node_page", node_page{head(), {view}, false});
}

std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(SLUICE_SOURCE_DIR) / "tests/actors/golden" / (name + ".bin");
}

bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("every message is written as its golden file says, and that file is read back") {
  actors::system node;
  auto& sys = node.get();
  // Files are only written for a new message type; those that exist never change.
  bool write = std::getenv("SLUICE_WRITE_GOLDEN") != nullptr;
  for_each_message([&](const std::string& name, auto value) {
    CAPTURE(name);
    auto now = encode(sys, value);
    if (write && !std::filesystem::exists(golden(name)))
      std::ofstream(golden(name), std::ios::binary)
          .write(now.data(), static_cast<std::streamsize>(now.size()));
    auto kept = read_file(golden(name));
    CHECK(now == kept);
    decltype(value) read;
    REQUIRE(decode(sys, kept, read));
    CHECK(encode(sys, read) == kept);
    CHECK(read.head.extra == head().extra);
  });
}

TEST_CASE("a message cut short anywhere is refused") {
  actors::system node;
  for_each_message([&](const std::string& name, auto value) {
    CAPTURE(name);
    auto whole = encode(node.get(), value);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      decltype(value) read;
      CHECK(
          !decode(node.get(), bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), read));
    }
  });
}

TEST_CASE("lists over their limits and enumerations out of range are refused") {
  actors::system node;
  page_query crowded;
  for (std::size_t i = 0; i <= max_extra_fields; ++i)
    crowded.head.extra.emplace(std::to_string(i), "");
  page_query read;
  CHECK(!decode(node.get(), encode(node.get(), crowded), read));
  enumerate_answer ranks;
  ranks.found.order.resize(max_message_ranks + 1);
  enumerate_answer answer;
  CHECK(!decode(node.get(), encode(node.get(), ranks), answer));
  policy_offer drains;
  drains.rules.drained.resize(cluster::max_policy_nodes + 1);
  policy_offer offered;
  CHECK(!decode(node.get(), encode(node.get(), drains), offered));
  load_update levels;
  levels.loads.levels.resize(cluster::max_relays);
  load_update loads;
  CHECK(!decode(node.get(), encode(node.get(), levels), loads));
  heartbeat_request beat;
  beat.beat.failing.resize(cluster::max_failing_reported + 1);
  heartbeat_request beaten;
  CHECK(!decode(node.get(), encode(node.get(), beat), beaten));
  register_request request;
  request.node.role = static_cast<cluster::node_role>(9);
  register_request entered;
  CHECK(!decode(node.get(), encode(node.get(), request), entered));
}

TEST_CASE("an error keeps its class and its sentence on the way") {
  auto e = from_caf(to_caf({errc::stale, "boot 1 is older than 2"}));
  CHECK(e == error{errc::stale, "boot 1 is older than 2"});
  CHECK(from_caf(caf::make_error(caf::sec::request_timeout)).code == errc::timed_out);
  CHECK(from_caf(caf::make_error(caf::sec::request_receiver_down)).code == errc::unavailable);
}

TEST_CASE("the relay list is kept on disk; a broken file is refused, a missing one is no error of the disk") {
  auto folder = std::filesystem::temp_directory_path() / ("sluice-list-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  auto path = (folder / "relays.json").string();
  CHECK(load_list(path).error().code == errc::not_found);
  REQUIRE(save_list(path, list()).has_value());
  auto loaded = load_list(path);
  REQUIRE(loaded.has_value());
  CHECK(loaded->list == list());
  CHECK(loaded->saved_unix_ms > 0);
  std::ofstream(path) << "{\"relays\": [";
  CHECK(load_list(path).error().code == errc::malformed);
  CHECK(save_list((folder / "no" / "such").string(), list()).error().code == errc::io);
  std::filesystem::remove_all(folder);
}
