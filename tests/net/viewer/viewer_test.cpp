#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string target = "/live/room1.flv";

std::string plain_get() {
  return "GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

/// Preface and log as a viewer that joins at `from` must get them.
byte_buffer expected(const byte_buffer& all, std::uint64_t from) {
  auto flags = media::file_header(true, true);
  byte_buffer out(flags.begin(), flags.end());
  byte_writer(out).bytes(video_header());
  byte_writer(out).bytes(audio_header());
  byte_writer(out).bytes(after(all, from));
  return out;
}

struct live_node : http_node {
  explicit live_node(http_node_options chosen = {}) : http_node(std::move(chosen)) {
    start();
    publish();
  }
};

http_node_options impatient() {
  http_node_options out;
  out.http.viewers.write_deadline = 300ms;
  out.http.viewers.close_deadline = 300ms;
  out.http.viewers.check_interval = 20ms;
  return out;
}

std::uint64_t closed_slow(http_node& n) {
  return n.count([](const auto& c) { return c.viewers.closed_slow.value(); });
}

} // namespace

TEST_CASE("a WebSocket viewer gets exactly the preface and the log from its join point on") {
  for (std::size_t workers : {1, 2}) {
    live_node n({.workers = workers});
    n.play(0, 2);
    ws_client viewer(n.port);
    auto head = viewer.upgrade(target);
    CHECK(head.starts_with("HTTP/1.1 101"));
    auto place = place_of(head);
    CHECK(place.log_epoch == 7);
    CHECK(place.offset > 0);
    n.play(2000, 2, 3000);
    auto whole = expected(n.all, place.offset);
    CHECK(place.preface == whole.size() - (n.all.size() - place.offset));
    CHECK(viewer.media(whole.size()) == whole);
    n.finish(stream::end_reason::ended);
    CHECK(viewer.next().close_code() == 1000);
  }
}

TEST_CASE("an HTTP viewer gets the same bytes, and the end of the log is the end of the body") {
  live_node n;
  n.play(0, 2);
  plain_client viewer(n.port);
  viewer.send(plain_get());
  auto head = viewer.read_head();
  CHECK(head.starts_with("HTTP/1.1 200"));
  CHECK(header_value(head, "Content-Type") == "video/x-flv");
  CHECK(header_value(head, "Access-Control-Allow-Origin") == "*");
  auto place = place_of(head);
  n.play(2000, 2, 3000);
  n.finish(stream::end_reason::ended);
  CHECK(viewer.read_to_end() == expected(n.all, place.offset));
  CHECK(eventually([&] { return n.viewers() == 0; }));
}

TEST_CASE("audio alone reaches a viewer without a picture to travel with") {
  live_node n;
  n.play(0, 1);
  ws_client viewer(n.port);
  auto place = place_of(viewer.upgrade(target));
  auto before = expected(n.all, place.offset);
  CHECK(viewer.media(before.size()) == before);
  n.append(sound(1000));
  auto one = sound(1000);
  CHECK(viewer.media(one.size()) == one);
}

TEST_CASE("a slow viewer jumps to a join point; what it lost is counted to the byte") {
  http_node_options options;
  options.http.cursor.max_lag_ms = 2000;
  live_node n(std::move(options));
  n.play(0, 1);
  ws_client viewer(n.port, 8 * 1024);
  auto place = place_of(viewer.upgrade(target));
  for (std::uint32_t i = 0; i < 8; ++i)
    n.play(1000 + i * 1000, 1, 200'000, 4);
  auto whole = expected(n.all, place.offset);
  auto skipped = [&] { return n.count([](const auto& c) { return c.viewers.skipped_bytes.value(); }); };
  byte_buffer got;
  while (got.size() + skipped() < whole.size()) {
    auto frame = viewer.next();
    REQUIRE(frame.opcode == 2);
    got.insert(got.end(), frame.payload.begin(), frame.payload.end());
  }
  CHECK(n.count([](const auto& c) { return c.viewers.jumps.value(); }) == 1);
  REQUIRE(got.size() + skipped() == whole.size());
  auto same = std::mismatch(got.begin(), got.end(), whole.begin());
  byte_buffer rest(same.first, got.end());
  auto lost = static_cast<std::ptrdiff_t>(skipped());
  CHECK(rest == byte_buffer(same.second + lost, whole.end()));
}

TEST_CASE("a viewer that takes nothing any more is closed after the write deadline, others go on") {
  auto options = impatient();
  options.http.cursor.max_lag_ms = 1'000'000;
  live_node n(std::move(options));
  n.play(0, 1);
  ws_client stuck(n.port, 8 * 1024), well(n.port);
  (void)stuck.upgrade(target);
  auto place = place_of(well.upgrade(target));
  for (std::uint32_t i = 0; i < 8; ++i)
    n.play(1000 + i * 1000, 1, 200'000, 4);
  auto whole = expected(n.all, place.offset);
  CHECK(well.media(whole.size()) == whole);
  CHECK(eventually([&] { return closed_slow(n) == 1; }));
  CHECK(eventually([&] { return n.viewers() == 1; }));
}

TEST_CASE("each end reason has its close code") {
  using stream::end_reason;
  const std::pair<end_reason, int> rows[] = {{end_reason::ended, 1000},
                                             {end_reason::changed, 4001},
                                             {end_reason::rollover, 4001},
                                             {end_reason::origin_lost, 4003},
                                             {end_reason::stopped, 1001}};
  live_node n;
  std::uint64_t epoch_value = 7;
  for (auto [reason, code] : rows) {
    n.play(0, 1);
    ws_client viewer(n.port);
    CHECK(viewer.upgrade(target).starts_with("HTTP/1.1 101"));
    n.finish(reason);
    CHECK(viewer.until_close().close_code() == code);
    n.publish(++epoch_value);
  }
}

TEST_CASE("a viewer's pings are answered, its close and its end are noticed, what it says is ignored") {
  live_node n;
  n.play(0, 1);
  ws_client viewer(n.port), leaver(n.port);
  (void)viewer.upgrade(target);
  (void)leaver.upgrade(target);
  CHECK(eventually([&] { return n.viewers() == 2; }));
  const byte_buffer word{'h', 'i'};
  viewer.say(1, word);
  viewer.say(9, word);
  auto frame = viewer.next();
  while (frame.opcode == 2)
    frame = viewer.next();
  CHECK(frame.opcode == 10);
  CHECK(frame.payload == word);
  leaver.close();
  CHECK(eventually([&] { return n.viewers() == 1; }));
  viewer.say(8, {});
  CHECK(viewer.until_close().opcode == 8);
  viewer.close();
  CHECK(eventually([&] { return n.viewers() == 0; }));
}

TEST_CASE("a viewer that says goodbye and keeps its connection is let go") {
  auto options = impatient();
  options.http.viewers.ping_interval = 50ms;
  live_node n(std::move(options));
  n.play(0, 1);
  ws_client viewer(n.port);
  (void)viewer.upgrade(target);
  viewer.say(8, {});
  CHECK(viewer.until_close().opcode == 8);
  CHECK(eventually([&] { return n.viewers() == 0; }));
}

TEST_CASE("an idle viewer is pinged") {
  auto options = impatient();
  options.http.viewers.ping_interval = 50ms;
  live_node n(std::move(options));
  n.play(0, 1);
  ws_client viewer(n.port);
  (void)viewer.upgrade(target);
  auto frame = viewer.next();
  while (frame.opcode == 2)
    frame = viewer.next();
  CHECK(frame.opcode == 9);
}

TEST_CASE("a drain sends viewers elsewhere and takes no new ones") {
  live_node n;
  n.play(0, 1);
  ws_client viewer(n.port);
  (void)viewer.upgrade(target);
  n.http->drain(0ms);
  CHECK(viewer.until_close().close_code() == 4002);
  auto refused = get(n.port, target);
  CHECK(refused.starts_with("HTTP/1.1 503"));
  CHECK(header_value(refused, "Retry-After") == "1");
}

TEST_CASE("a drain of many viewers is spread over its time") {
  live_node n;
  n.play(0, 1);
  std::vector<std::unique_ptr<ws_client>> viewers;
  for (int i = 0; i < 160; ++i) {
    viewers.push_back(std::make_unique<ws_client>(n.port));
    (void)viewers.back()->upgrade(target);
  }
  REQUIRE(eventually([&] { return n.viewers() == 160; }));
  auto began = std::chrono::steady_clock::now();
  n.http->drain(1s);
  std::chrono::steady_clock::duration first = 10s, last = 0s;
  for (auto i = viewers.size(); i-- > 0;) {
    CHECK(viewers[i]->until_close().close_code() == 4002);
    auto took = std::chrono::steady_clock::now() - began;
    first = std::min(first, took);
    last = std::max(last, took);
    viewers[i]->close();
  }
  // At most 50 in each of the steps of 100 ms.
  CHECK(last >= 250ms);
  CHECK(last - first >= 200ms);
}

TEST_CASE("a stop closes viewers, idle connections and those that never answer within the grace") {
  live_node n({.workers = 2});
  n.play(0, 1);
  ws_client good(n.port), deaf(n.port);
  plain_client idle(n.port), body(n.port);
  (void)good.upgrade(target);
  (void)deaf.upgrade(target);
  body.send(plain_get());
  CHECK(body.read_head().starts_with("HTTP/1.1 200"));
  auto began = std::chrono::steady_clock::now();
  n.stop();
  CHECK(std::chrono::steady_clock::now() - began < 3s);
  CHECK(good.until_close().close_code() == 1001);
  CHECK(idle.ended());
  (void)body.read_to_end();
}
