// RTMP publishers by real sockets: the limits, and where a connection is when it ends. What they say is the
// business of the session's tests.
#include "media/rtmp/rtmp_client.hpp"
#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string key_name = "room1";

struct origin_node : http_node {
  explicit origin_node(http_node_options chosen = {}) : http_node(as_origin(std::move(chosen))) { start(); }
  static http_node_options as_origin(http_node_options chosen) {
    chosen.publishers = true;
    return chosen;
  }
  std::uint64_t connected() {
    return count([](const auto& c) { return c.ingest.current.value(); });
  }
  std::uint64_t refused() {
    return count([](const auto& c) { return c.ingest.refused.value(); });
  }
  /// Runs what was posted to a worker so far, and what that posted in turn.
  void settle(net::worker& at) {
    for (int i = 0; i < 5; ++i) {
      std::promise<void> done;
      at.post([&] { done.set_value(); });
      done.get_future().wait();
    }
  }
};

/// A publisher's connection: says what `to_say` gathered, and reads what the server answers.
class publisher : public plain_client {
public:
  explicit publisher(std::uint16_t port) : plain_client(port) {}

  bool say() { return send(to_say.take()); }
  /// Reads until the server says `name` (with `code`); its message, or one without values at the end.
  server_message hear(std::string_view name, std::string_view code = {}) {
    for (;;) {
      auto bytes = read_some();
      if (bytes.empty()) return {};
      auto messages = reader_.read(bytes);
      if (auto* found = find_command(messages, name, code)) return *found;
    }
  }
  /// Asks to publish live/`name`; the code of the answer.
  std::string publish(std::string_view name) {
    to_say.connect_and_publish("live", name);
    say();
    return hear("onStatus").code();
  }
  void play() {
    const byte_buffer header{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 0};
    const byte_buffer sound{0xaf, 0, 0x12, 0x10}, picture{0x17, 1, 0, 0, 0, 1, 2, 3};
    to_say.media(media::tag_type::video, 0, header);
    to_say.media(media::tag_type::audio, 0, sound);
    to_say.media(media::tag_type::video, 0, picture);
    say();
  }

  rtmp_client to_say;

private:
  server_reader reader_;
};

const std::string post_head =
    "POST /live/posted.flv HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

TEST_CASE("a connection that does not come to its publish in time is closed, one that trickles too") {
  http_node_options options;
  options.ingest.before_publish = 200ms;
  origin_node n(std::move(options));
  publisher silent(n.rtmp_port), trickle(n.rtmp_port), connected(n.rtmp_port);
  trickle.send("\x03");
  connected.to_say.handshake();
  connected.to_say.connect("live");
  connected.say();
  CHECK(connected.hear("_result").name() == "_result");
  CHECK(silent.ended());
  (void)trickle.read_to_end();
  (void)connected.read_to_end();
  CHECK(eventually([&] { return n.connected() == 0; }));
}

TEST_CASE("a publisher that falls silent is closed, and its log waits for it") {
  http_node_options options;
  options.ingest.between_bytes = 500ms;
  origin_node n(std::move(options));
  publisher one(n.rtmp_port);
  CHECK(one.publish(key_name) == "NetStream.Publish.Start");
  one.play();
  CHECK(eventually([&] { return n.status().live; }));
  (void)one.read_to_end();
  CHECK(eventually([&] { return n.connected() == 0; }));
  CHECK(n.status().live);
  CHECK_FALSE(n.status().last_beat->publisher_live);
}

TEST_CASE("connections beyond the limit are closed at once and counted; one that ends makes room") {
  http_node_options options;
  options.ingest.max_connections = 2;
  origin_node n(std::move(options));
  publisher one(n.rtmp_port), two(n.rtmp_port);
  CHECK(eventually([&] { return n.connected() == 2; }));
  publisher three(n.rtmp_port);
  CHECK(three.ended());
  CHECK(n.refused() == 1);
  one.close();
  CHECK(eventually([&] { return n.connected() == 1; }));
  publisher four(n.rtmp_port);
  CHECK(four.publish(key_name) == "NetStream.Publish.Start");
}

TEST_CASE("one limit holds for publishers over RTMP and over POST, and each is told in its own way") {
  http_node_options options;
  options.ingest.max_publishers = 1;
  origin_node n(std::move(options));
  auto first = std::make_unique<publisher>(n.rtmp_port);
  REQUIRE(first->publish(key_name) == "NetStream.Publish.Start");
  publisher second(n.rtmp_port);
  second.to_say.connect_and_publish("live", "other");
  second.say();
  auto told = second.hear("onStatus");
  CHECK(told.code() == "NetStream.Publish.Denied");
  CHECK(told.description().find("--max-publishers") != std::string::npos);
  auto answer = request(n.port, post_head);
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.find("{\"error\":\"unavailable\"") != std::string::npos);
  CHECK(answer.find("--max-publishers") != std::string::npos);
  CHECK(n.refused() == 2);

  first.reset();
  CHECK(eventually([&] { return n.connected() <= 1; }));
  plain_client posting(n.port);
  posting.send(post_head);
  CHECK(eventually([&] { return n.publishers->seats().take().has_error(); }));
  CHECK(publisher(n.rtmp_port).publish(key_name) == "NetStream.Publish.Denied");
  posting.close();
  CHECK(eventually([&] { return n.publishers->seats().take().has_value(); }));
  CHECK(publisher(n.rtmp_port).publish(key_name) == "NetStream.Publish.Start");
}

TEST_CASE("a publisher that says goodbye makes room while its connection stays") {
  http_node_options options;
  options.ingest.max_publishers = 1;
  origin_node n(std::move(options));
  publisher one(n.rtmp_port), two(n.rtmp_port);
  REQUIRE(one.publish(key_name) == "NetStream.Publish.Start");
  one.to_say.command({text("FCUnpublish"), {7.0}, {media::rtmp::amf0_null{}}, text(key_name)});
  one.say();
  CHECK(one.hear("onStatus", "NetStream.Unpublish.Success").name() == "onStatus");
  CHECK(eventually([&] { return n.publishers->seats().take().has_value(); }));
  CHECK(two.publish("other") == "NetStream.Publish.Start");
}

TEST_CASE("a stop ends a publisher that is on its way to its home worker") {
  http_node_options options;
  options.workers = 2;
  origin_node n(std::move(options));
  publisher moving(n.rtmp_port);
  moving.to_say.handshake();
  moving.to_say.connect("live");
  moving.say();
  REQUIRE(moving.hear("_result").name() == "_result");
  auto& first = n.workers.at(0);
  bool at_first = std::as_const(first).counters().ingest.current.value() == 1;
  auto& here = at_first ? first : n.workers.at(1);
  std::string name = key_name;
  while (&n.workers.home(stream_key::parse("live/" + name).value()) == &here)
    name += "x";
  auto& home = n.workers.home(stream_key::parse("live/" + name).value());

  // The home worker is busy, so the connection can arrive there but nothing can happen to it.
  std::promise<void> busy, go_on;
  home.post([&] {
    busy.set_value();
    go_on.get_future().wait();
  });
  busy.get_future().wait();
  moving.to_say.publish(name);
  moving.say();
  REQUIRE(moving.hear("onFCPublish").name() == "onFCPublish");
  n.settle(here);
  n.rtmp->stop();
  n.settle(here);
  CHECK(n.connected() == 1);
  go_on.set_value();
  (void)moving.read_to_end();
  CHECK(eventually([&] { return n.connected() == 0; }));
  CHECK(eventually([&] { return n.publishers->seats().take().has_value(); }));
  n.stop();
}
