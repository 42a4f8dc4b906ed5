#include "base/unix_time.hpp"
#include "roles/bridge_support.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace sluice;
using namespace sluice::roles;
using namespace sluice::roles::test;
using cluster::liveness;
using cluster::node_role;

namespace {

cluster::stream_announcement announcement(const std::string& key, const std::string& origin) {
  cluster::stream_announcement out;
  out.key = key;
  out.origin = origin;
  out.log_epoch = epoch::next(unix_ms_now(), {}, 7);
  out.last_timestamp = 40;
  out.video = "avc1";
  return out;
}

liveness live_at(node& n, const std::string& key) {
  auto found = n.enumerate(key);
  return found ? found->live : liveness::unknown;
}

// Two directories, an origin, a relay and an edge.
struct small_cluster {
  small_cluster() {
    d1.emplace(directory("d1"));
    d2.emplace(directory("d2"));
    addresses = {d1->address(), d2->address()};
    origin.emplace(client("o1", node_role::origin, addresses));
    relay.emplace(client("r1", node_role::relay, addresses));
    edge.emplace(client("e1", node_role::edge, addresses));
  }
  bool connected() {
    return eventually(
        [&] { return origin->connected() == 2 && relay->connected() == 2 && edge->connected() == 2; });
  }
  std::vector<std::string> addresses;
  std::optional<node> d1, d2, origin, relay, edge;
};

std::filesystem::path fresh_folder(const char* name) {
  auto path =
      std::filesystem::temp_directory_path() / (std::string("sluice-") + name + std::to_string(getpid()));
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

} // namespace

TEST_CASE("nodes register with every directory and an enumeration names the relay") {
  small_cluster all;
  REQUIRE(all.connected());
  REQUIRE(eventually([&] {
    auto found = all.edge->enumerate("live/room1");
    return found && found->order.size() == 1 && found->order[0].id == "r1" && !found->stale;
  }));
  auto nodes = all.edge->nodes();
  REQUIRE(nodes.has_value());
  std::vector<std::string> ids;
  for (const auto& one : *nodes)
    ids.push_back(one.id);
  CHECK(std::find(ids.begin(), ids.end(), "o1") != ids.end());
  CHECK(std::find(ids.begin(), ids.end(), "e1") != ids.end());
  CHECK(eventually([&] { return all.edge->data.changes > 0; }));
  CHECK(all.edge->control().status().has_snapshot);
  CHECK(all.edge->control().status().digest == all.edge->data.last_digest);
}

TEST_CASE("an announced stream is live, an unknown one is not live once the directories are warm") {
  small_cluster all;
  REQUIRE(all.connected());
  auto stream = announcement("live/room1", "o1");
  all.origin->control().announce(stream);
  REQUIRE(eventually([&] { return live_at(*all.edge, "live/room1") == liveness::live; }));
  auto found = all.edge->enumerate("live/room1");
  CHECK(found->live_epoch == stream.log_epoch);
  CHECK(found->origin == "o1");
  CHECK(eventually([&] { return live_at(*all.edge, "live/other") == liveness::not_live; }));

  all.origin->data.timestamp = 9000;
  CHECK(eventually([&] {
    auto known = all.edge->recall("live/room1");
    return known && known->last == stream.log_epoch && known->last_timestamp == 9000 &&
           known->live_origin == "o1";
  }));
  auto streams = all.edge->streams();
  REQUIRE(streams.has_value());
  CHECK(streams->fresh);
  REQUIRE(streams->streams.size() == 1);
  CHECK(streams->streams[0].video == "avc1");

  all.origin->control().withdraw(*stream_key::parse("live/room1"), stream.log_epoch);
  CHECK(eventually([&] { return live_at(*all.edge, "live/room1") == liveness::not_live; }));
  auto known = all.edge->recall("live/room1");
  CHECK(known->last == stream.log_epoch);
  CHECK(!known->live_origin.has_value());
}

TEST_CASE("with one directory gone the other answers, with all gone the last list does, and nodes return by "
          "themselves") {
  small_cluster all;
  REQUIRE(all.connected());
  auto stream = announcement("live/room1", "o1");
  all.origin->control().announce(stream);
  REQUIRE(eventually([&] { return live_at(*all.edge, "live/room1") == liveness::live; }));
  REQUIRE(eventually([&] { return all.edge->enumerate("live/room1")->order.size() == 1; }));

  auto port = all.d1->guard->port();
  all.d1.reset();
  CHECK(eventually([&] { return all.edge->connected() == 1; }));
  auto found = all.edge->enumerate("live/room1");
  REQUIRE(found.has_value());
  CHECK(found->live == liveness::live);
  CHECK(!found->stale);

  all.d2.reset();
  CHECK(eventually([&] { return all.edge->connected() == 0; }));
  found = all.edge->enumerate("live/room1");
  REQUIRE(found.has_value());
  CHECK(found->stale);
  CHECK(found->live == liveness::unknown);
  REQUIRE(found->order.size() == 1);
  CHECK(found->order[0].id == "r1");
  CHECK(all.edge->recall("live/room1").error().code == errc::unavailable);
  CHECK(!all.edge->streams()->fresh);

  all.d1.emplace(directory("d1", port));
  CHECK(eventually(
      [&] { return all.edge->connected() == 1 && live_at(*all.edge, "live/room1") == liveness::live; }));
  CHECK(eventually([&] {
    auto again = all.edge->enumerate("live/room1");
    return again && !again->stale && again->order.size() == 1;
  }));
}

TEST_CASE("another secret is refused with a clear reason, and the node says so") {
  node door(directory("d1"));
  auto how = client("r1", node_role::relay, {door.address()});
  how.secret = "wrong";
  node stranger(how);
  CHECK(eventually([&] {
    return stranger.control().status().directories[0].problem ==
           door.address() + ": the peer has another cluster secret (--secret-file differs)";
  }));
  CHECK(stranger.enumerate("live/room1").error().code == errc::unavailable);
  CHECK(door.guard->counters().refused_secret > 0);
}

TEST_CASE("packets that kill CAF leave a directory unharmed and are counted") {
  node door(directory("d1"));
  node relay(client("r1", node_role::relay, {door.address()}));
  REQUIRE(eventually([&] { return relay.connected() == 1; }));
  boost::asio::io_context io;
  for (std::uint32_t length : {0u, 0xFFFFFFF0u}) {
    boost::asio::ip::tcp::socket raw(io);
    raw.connect({boost::asio::ip::address_v4::loopback(), door.guard->port()});
    std::vector<std::uint8_t> bytes(64, 0);
    bytes[0] = 1;
    for (int i = 0; i < 4; ++i)
      bytes[4 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
    boost::asio::write(raw, boost::asio::buffer(bytes));
    boost::system::error_code ended;
    std::vector<std::uint8_t> answer(1);
    boost::asio::read(raw, boost::asio::buffer(answer), ended);
    CHECK(ended);
  }
  CHECK(door.guard->counters().refused_garbage == 2);
  CHECK(relay.connected() == 1);
  CHECK(relay.enumerate("live/room1").has_value());
}

TEST_CASE("a proven peer that sends a packet that kills CAF is closed, counted, and disturbs nobody") {
  node door(directory("d1"));
  node relay(client("r1", node_role::relay, {door.address()}));
  REQUIRE(eventually([&] { return relay.connected() == 1; }));
  for (std::uint64_t sent : {1u, 2u}) {
    auto line = relay.ask<plane::control_line_ptr>(
        [&](auto done) { relay.guard->dial(door.address(), relay.here, std::move(done)); });
    REQUIRE(line.has_value());
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket raw(io, boost::asio::ip::tcp::v4(), (*line)->take());
    std::vector<std::uint8_t> killer(32, 0);
    killer[0] = 1;
    boost::asio::write(raw, boost::asio::buffer(killer));
    boost::system::error_code ended;
    boost::asio::read(raw, boost::asio::dynamic_buffer(killer), ended);
    CHECK(ended);
    CHECK(eventually([&] { return door.guard->counters().bad_headers == sent; }));
    CHECK(eventually([&] { return door.guard->counters().open == 1; }));
    line->reset();
  }
  CHECK(relay.connected() == 1);
  CHECK(relay.enumerate("live/room1").has_value());
}

TEST_CASE("a node starts from its saved list when no directory answers") {
  auto folder = fresh_folder("saved-list");
  std::string address;
  {
    node door(directory("d1"));
    address = door.address();
    node relay(client("r1", node_role::relay, {address}));
    auto how = client("e1", node_role::edge, {address});
    how.state_dir = folder.string();
    node edge(how);
    REQUIRE(eventually([&] { return std::filesystem::exists(folder / "relays-e1.json"); }));
    REQUIRE(eventually([&] {
      auto list = edge.plane_part->relay_list();
      return list && list->relays.size() == 1;
    }));
    REQUIRE(eventually([&] {
      std::ifstream saved(folder / "relays-e1.json");
      std::string text(std::istreambuf_iterator<char>(saved), {});
      return text.find("\"r1\"") != std::string::npos;
    }));
  }
  auto how = client("e1", node_role::edge, {address});
  how.state_dir = folder.string();
  node edge(how);
  CHECK(eventually([&] {
    auto found = edge.enumerate("live/room1");
    return found && found->stale && found->order.size() == 1 && found->order[0].id == "r1";
  }));
  CHECK(edge.control().status().has_snapshot);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a relay that is killed without leaving is suspect, then gone; one that leaves is gone at once") {
  small_cluster all;
  REQUIRE(all.connected());
  node second(client("r2", node_role::relay, all.addresses));
  REQUIRE(eventually([&] { return all.edge->enumerate("live/room1")->order.size() == 2; }));
  all.relay.reset();
  CHECK(eventually([&] { return all.edge->enumerate("live/room1")->order.size() == 1; },
                   std::chrono::seconds(1)));
  second.guard->close();
  CHECK(eventually([&] {
    auto found = all.edge->enumerate("live/room1");
    return found->order.empty() || found->order[0].state == cluster::relay_state::suspect;
  }));
}

TEST_CASE("every request is answered exactly once, also when the node stops under it") {
  for (int round = 0; round < 5; ++round) {
    small_cluster all;
    if (round % 2 == 0) REQUIRE(all.connected());
    std::atomic<int> answers{0};
    constexpr int asked = 200;
    inline_executor here;
    for (int i = 0; i < asked; ++i) {
      auto key = *stream_key::parse("live/room" + std::to_string(i));
      all.edge->control().enumerate(key, here, [&](result<cluster::enumeration>) { ++answers; });
      all.edge->control().recall(key, here, [&](result<plane::stream_memory>) { ++answers; });
      all.edge->control().streams(here, [&](result<plane::stream_list>) { ++answers; });
      all.edge->control().nodes(here, [&](result<std::vector<cluster::node_view>>) { ++answers; });
    }
    all.edge->plane_part->stop();
    CHECK(answers == 4 * asked);
    int late = 0;
    all.edge->control().enumerate(*stream_key::parse("live/late"), here, [&](result<cluster::enumeration> r) {
      ++late;
      CHECK(r.error().code == errc::closed);
    });
    CHECK(late == 1);
  }
}
