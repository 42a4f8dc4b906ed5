// The log ends, the socket does not: viewers go on in the newer epoch's log.
#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string target = "/live/room1.flv";

byte_buffer stamped(byte_buffer tag, std::uint32_t timestamp) {
  media::set_tag_timestamp(std::span(tag).first<media::tag_header_size>(), timestamp);
  return tag;
}

/// What a viewer gets of a node's first log, joined at `from`, and then of its second.
byte_buffer both(const byte_buffer& first, std::uint64_t from, const byte_buffer& second,
                 std::uint32_t second_start_ms) {
  auto flags = media::file_header(true, true);
  byte_buffer out(flags.begin(), flags.end());
  byte_writer to(out);
  to.bytes(video_header());
  to.bytes(audio_header());
  to.bytes(after(first, from));
  to.bytes(stamped(video_header(), second_start_ms));
  to.bytes(stamped(audio_header(), second_start_ms));
  to.bytes(after(second, video_header().size() + audio_header().size()));
  return out;
}

struct moving_node : http_node {
  explicit moving_node(http_node_options chosen = {}) : http_node(std::move(chosen)) {
    start();
    publish(7);
  }
  /// The log of a newer epoch begins; the first log's bytes are kept.
  void move(std::uint64_t epoch_value = 8, stream::tracks present = {true, true}) {
    old = all;
    publish(epoch_value, present);
  }
  void name_codecs(const std::string& video, const std::string& audio) {
    at_home([&](net::hosted_stream& h) {
      h.video = video;
      h.audio = audio;
    });
  }
  std::uint64_t carried() {
    return count([](const auto& c) { return c.viewers.carried.value(); });
  }
  byte_buffer old;
};

} // namespace

TEST_CASE("a viewer's socket outlives its log: all of the old one, headers again, then the newer one") {
  for (std::size_t workers : {1, 2}) {
    moving_node n({.workers = workers});
    n.play(0, 2);
    ws_client ws(n.port);
    plain_client http(n.port);
    auto ws_place = place_of(ws.upgrade(target));
    http.send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n");
    auto http_place = place_of(http.read_head());
    CHECK(eventually([&] { return n.viewers() == 2; }));
    n.play(2000, 1);
    n.move();
    n.play(3500, 2);
    auto seen = both(n.old, ws_place.offset, n.all, 3500);
    CHECK(ws.media(seen.size()) == seen);
    n.play(5500, 1);
    n.finish(stream::end_reason::ended);
    CHECK(ws.until_close().close_code() == 1000);
    CHECK(http.read_to_end() == both(n.old, http_place.offset, n.all, 3500));
    CHECK(n.carried() == 2);
    CHECK(n.count([](const auto& c) { return c.viewers.carry_gap_ms.value(); }) == 2 * (3500 - 2960));
  }
}

TEST_CASE("the viewers of the present log are counted after a move") {
  moving_node n;
  n.play(0, 1);
  ws_client viewer(n.port);
  (void)viewer.upgrade(target);
  n.move();
  n.play(1500, 1);
  CHECK(eventually([&] { return n.status().viewers == 1; }));
}

TEST_CASE("a viewer far behind gets the whole rest of the old log before the newer one") {
  http_node_options options;
  options.http.cursor.max_lag_ms = 1'000'000;
  moving_node n(std::move(options));
  n.play(0, 1);
  ws_client slow(n.port, 8 * 1024);
  auto place = place_of(slow.upgrade(target));
  n.play(1000, 4, 200'000, 10);
  n.move();
  n.play(6000, 1);
  auto seen = both(n.old, place.offset, n.all, 6000);
  CHECK(slow.media(seen.size()) == seen);
}

TEST_CASE("two newer logs one after the other carry a viewer over both") {
  moving_node n;
  n.play(0, 1);
  ws_client viewer(n.port);
  auto place = place_of(viewer.upgrade(target));
  n.move(8);
  n.play(2000, 1);
  auto first = both(n.old, place.offset, n.all, 2000);
  CHECK(viewer.media(first.size()) == first);
  n.move(9);
  n.play(4000, 1);
  byte_buffer second = stamped(video_header(), 4000);
  byte_writer(second).bytes(stamped(audio_header(), 4000));
  byte_writer(second).bytes(after(n.all, video_header().size() + audio_header().size()));
  CHECK(viewer.media(second.size()) == second);
}

TEST_CASE("other tracks, other codecs and times that go back close the viewer, who opens again") {
  auto closed_after = [](const std::function<void(moving_node&)>& how) {
    moving_node n;
    n.name_codecs("avc1", "mp4a");
    n.publish(8);
    n.play(0, 2);
    ws_client viewer(n.port);
    (void)viewer.upgrade(target);
    CHECK(eventually([&] { return n.viewers() == 1; }));
    how(n);
    auto code = viewer.until_close().close_code();
    CHECK(n.carried() == 0);
    return code;
  };
  CHECK(closed_after([](moving_node& n) {
          n.move(9, {false, true});
          n.append(picture(3000, true));
        }) == 4001);
  CHECK(closed_after([](moving_node& n) {
          n.name_codecs("hvc1", "mp4a");
          n.move(9);
          n.play(3000, 1);
        }) == 4001);
  CHECK(closed_after([](moving_node& n) {
          n.move(9);
          n.play(1000, 3);
        }) == 4001);
}

TEST_CASE("a viewer between two logs is closed at once by a drain, and by a newer log without a picture") {
  http_node_options options;
  options.hub.open_timeout = 300ms;
  moving_node n(std::move(options));
  n.play(0, 1);
  ws_client left(n.port);
  (void)left.upgrade(target);
  CHECK(eventually([&] { return n.viewers() == 1; }));
  n.move();
  CHECK(left.until_close().close_code() == 4001);
  left.close();
  n.play(1500, 1);
  ws_client drained(n.port);
  (void)drained.upgrade(target);
  CHECK(eventually([&] { return n.viewers() == 1; }));
  n.move(9);
  n.http->drain(0ms);
  CHECK(drained.until_close().close_code() == 4002);
}
