#include "net/support/http_node.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <future>

using namespace sluice;
using namespace sluice::test;
using namespace sluice::net;
using media::tag_type;

namespace {

const byte_buffer avc_header{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 0};
const byte_buffer aac_header{0xaf, 0, 0x12, 0x10};
const byte_buffer key_frame{0x17, 1, 0, 0, 0, 1, 2, 3};
const byte_buffer frame{0x27, 1, 0, 0, 0, 4, 5, 6};
const byte_buffer aac_frame{0xaf, 1, 9, 9};

/// Remembers what directories would.
class memory_directory final : public plane::control {
public:
  void enumerate(stream_key, plane::executor&, plane::reply<cluster::enumeration>) override {}
  void recall(stream_key, plane::executor& caller, plane::reply<plane::stream_memory> done) override {
    caller.post([done, past = past] { done(past); });
  }
  void announce(cluster::stream_announcement s) override {
    std::lock_guard lock(mutex);
    announced.push_back(std::move(s));
  }
  void withdraw(stream_key, epoch e) override {
    std::lock_guard lock(mutex);
    withdrawn.push_back(e);
  }
  void streams(plane::executor&, plane::reply<plane::stream_list>) override {}
  void nodes(plane::executor&, plane::reply<std::vector<cluster::node_view>>) override {}
  [[nodiscard]] plane::control_status status() const override { return {}; }

  plane::stream_memory past;
  std::mutex mutex;
  std::vector<cluster::stream_announcement> announced;
  std::vector<epoch> withdrawn;
};

struct publishing_node : http_node {
  explicit publishing_node(http_node_options chosen = {}) : http_node(as_origin(std::move(chosen))) {
    start();
  }
  static http_node_options as_origin(http_node_options chosen) {
    chosen.publishers = true;
    return chosen;
  }

  using admitted = result<std::unique_ptr<publisher_slot>>;

  result<void> admit(
      std::unique_ptr<publisher_slot>& slot, publisher_slot::evicted evicted = [](const error&) {}) {
    std::promise<result<void>> done;
    auto& home = workers.home(room());
    auto wait = [](http_node& n, std::unique_ptr<publisher_slot>& to, publisher_slot::evicted f,
                   std::promise<result<void>>& answer) -> asio::awaitable<void> {
      // Named: g++ 12 moves braced temporaries of an awaited call bit by bit.
      stream_address address{room(), ""};
      std::string peer = "127.0.0.1";
      auto got = co_await n.publishers->publish(address, peer, std::move(f));
      if (got) to = std::move(*got);
      answer.set_value(got ? result<void>{} : result<void>(got.error()));
    };
    asio::co_spawn(home.io(), wait(*this, slot, std::move(evicted), done), asio::detached);
    return done.get_future().get();
  }

  /// Headers, then a picture and a sound at `at` ms.
  void send(publisher_slot& slot, std::uint32_t at, bool headers = true) {
    at_home([&](hosted_stream&) {
      if (headers) {
        slot.push(tag_type::video, at, avc_header).value();
        slot.push(tag_type::audio, at, aac_header).value();
      }
      slot.push(tag_type::video, at, key_frame).value();
      slot.push(tag_type::audio, at, aac_frame).value();
      slot.flush();
    });
  }
  void drop(std::unique_ptr<publisher_slot>& slot) {
    at_home([&](hosted_stream&) { slot.reset(); });
  }
};

} // namespace

TEST_CASE("a log goes on in epoch and time after what the directories remember") {
  memory_directory directory;
  directory.past.last = epoch{std::uint64_t{1} << 62};
  directory.past.last_timestamp = 5000;
  http_node_options options;
  options.ingest.control = &directory;
  publishing_node n(std::move(options));
  std::unique_ptr<publisher_slot> slot;
  REQUIRE(n.admit(slot).has_value());
  n.send(*slot, 0);
  auto s = n.status();
  CHECK(s.log_epoch > directory.past.last);
  CHECK(s.newest_timestamp >= 5001);
  CHECK(s.video == "avc1");
  CHECK(s.path == std::vector<node_id>{"n1"});
  {
    std::lock_guard lock(directory.mutex);
    REQUIRE(directory.announced.size() == 1);
    CHECK(directory.announced[0].log_epoch == s.log_epoch);
    CHECK(directory.announced[0].state == cluster::publisher_state::live);
  }
  n.at_home([&](hosted_stream&) { slot->end(); });
  CHECK_FALSE(n.status().live);
  CHECK(directory.withdrawn == std::vector<epoch>{s.log_epoch});
  n.drop(slot);
  REQUIRE(n.admit(slot).has_value());
  n.send(*slot, 0);
  auto next = n.status();
  CHECK(next.log_epoch > s.log_epoch);
  CHECK(next.newest_timestamp > s.newest_timestamp);
  n.drop(slot);
}

TEST_CASE("a publisher that returns within the grace continues its log; viewers see it paused") {
  publishing_node n;
  std::unique_ptr<publisher_slot> slot;
  REQUIRE(n.admit(slot).has_value());
  n.send(*slot, 0);
  auto before = n.status();
  ws_client viewer(n.port);
  CHECK(viewer.upgrade("/live/room1.flv").starts_with("HTTP/1.1 101"));
  n.drop(slot);
  auto away = n.status();
  CHECK(away.live);
  CHECK_FALSE(away.last_beat->publisher_live);
  REQUIRE(n.admit(slot).has_value());
  CHECK(n.status().last_beat->publisher_live);
  n.send(*slot, 40);
  auto back = n.status();
  CHECK(back.log_epoch == before.log_epoch);
  CHECK(back.head > before.head);
  CHECK(n.viewers() == 1);
  n.drop(slot);
}

TEST_CASE("a log whose publisher stays away ends with the grace") {
  http_node_options options;
  options.ingest.grace = 50ms;
  publishing_node n(std::move(options));
  std::unique_ptr<publisher_slot> slot;
  REQUIRE(n.admit(slot).has_value());
  n.send(*slot, 0);
  ws_client viewer(n.port);
  (void)viewer.upgrade("/live/room1.flv");
  n.drop(slot);
  CHECK(viewer.until_close().close_code() == 1000);
  CHECK_FALSE(n.status().live);
}

TEST_CASE("a publisher that returns with other tracks starts a new log; viewers are told to reopen") {
  publishing_node n;
  std::unique_ptr<publisher_slot> slot;
  REQUIRE(n.admit(slot).has_value());
  n.send(*slot, 0);
  auto before = n.status();
  ws_client viewer(n.port);
  (void)viewer.upgrade("/live/room1.flv");
  n.drop(slot);
  REQUIRE(n.admit(slot).has_value());
  n.at_home([&](hosted_stream&) {
    slot->push(tag_type::audio, 0, aac_header).value();
    slot->push(tag_type::audio, 0, aac_frame).value();
    slot->flush();
  });
  CHECK(viewer.until_close().close_code() == 4001);
  CHECK(eventually([&] { return n.status().log_epoch > before.log_epoch && n.status().live; }));
  CHECK_FALSE(n.status().present.video);
  n.drop(slot);
}

TEST_CASE("a second publisher is refused while the first is there, and told what to do") {
  publishing_node n;
  std::unique_ptr<publisher_slot> first, second;
  REQUIRE(n.admit(first).has_value());
  auto refused = n.admit(second);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::conflict);
  CHECK(refused.error().message.find("--second-publisher=takeover") != std::string::npos);
  n.drop(first);
  CHECK(n.admit(second).has_value());
  n.drop(second);
}

TEST_CASE("a publisher is refused while another origin has the stream") {
  memory_directory directory;
  directory.past.live_origin = "o2";
  http_node_options options;
  options.ingest.control = &directory;
  publishing_node n(std::move(options));
  std::unique_ptr<publisher_slot> slot;
  auto refused = n.admit(slot);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::conflict);
  CHECK(refused.error().message.find("o2") != std::string::npos);
}

TEST_CASE("with takeover the newcomer wins, the loser is told once, and the log goes on") {
  http_node_options options;
  options.ingest.policy = second_publisher::takeover;
  publishing_node n(std::move(options));
  std::unique_ptr<publisher_slot> first, second;
  int evicted = 0;
  REQUIRE(n.admit(first, [&](const error& why) { evicted += why.code == errc::conflict; }).has_value());
  n.send(*first, 0);
  auto before = n.status();
  REQUIRE(n.admit(second).has_value());
  n.at_home([&](hosted_stream&) {
    CHECK(evicted == 1);
    CHECK(first->push(tag_type::video, 40, frame).error().code == errc::closed);
    first.reset();
  });
  n.send(*second, 80);
  auto s = n.status();
  CHECK(s.log_epoch == before.log_epoch);
  CHECK(s.last_beat->publisher_live);
  CHECK(s.head > before.head);
  n.drop(second);
}

TEST_CASE("a stop evicts the publisher and ends its log") {
  publishing_node n;
  std::unique_ptr<publisher_slot> slot;
  std::promise<void> evicted;
  REQUIRE(n.admit(slot, [&](const error& why) {
             CHECK(why.code == errc::unavailable);
             evicted.set_value();
           }).has_value());
  n.send(*slot, 0);
  ws_client viewer(n.port);
  (void)viewer.upgrade("/live/room1.flv");
  n.hub.stop();
  evicted.get_future().wait();
  CHECK(viewer.until_close().close_code() == 1001);
  n.stop();
}
