#include "stream/log.hpp"
#include "stream/log_view.hpp"
#include "stream/support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace sluice;
using namespace sluice::test;
using stream::end_reason;

namespace {

struct reader {
  explicit reader(stream::log& log) : view(log.identity().present) { log.subscribe(channel); }
  void refresh() {
    while (auto news = channel->take())
      view.apply(std::move(*news));
  }
  byte_buffer read(std::uint64_t from) const {
    byte_buffer out;
    for (auto piece = view.read(from, 1000); piece.size() > 0; piece = view.read(piece.end(), 1000))
      for (auto part : piece.parts)
        out.insert(out.end(), part.begin(), part.end());
    return out;
  }
  std::size_t wakes = 0;
  std::shared_ptr<stream::log_channel> channel = std::make_shared<stream::log_channel>([this] { ++wakes; });
  stream::log_view view;
};

byte_buffer from(const byte_buffer& all, std::uint64_t offset) {
  return {all.begin() + static_cast<std::ptrdiff_t>(offset), all.end()};
}

} // namespace

TEST_CASE("what is written is what is read, at the same offsets, across segments") {
  written_log w({.segment_size = 777});
  reader r(w.log);
  w.write(video_header());
  w.write(audio_header());
  w.play(0, 3);
  r.refresh();
  CHECK(r.view.head() == w.all.size());
  CHECK(r.view.first() == 0);
  CHECK(r.read(0) == w.all);
  CHECK(r.read(1234) == from(w.all, 1234));
  CHECK(r.view.read(r.view.head(), 100).size() == 0);
}

TEST_CASE("a reader that subscribes later sees the whole retained part") {
  written_log w({.segment_size = 500});
  w.write(video_header());
  w.play(0, 2);
  reader r(w.log);
  r.refresh();
  CHECK(r.read(0) == w.all);
  REQUIRE(r.view.newest_join());
  CHECK(r.view.newest_join()->timestamp == 1000);
  CHECK(r.view.newest_join()->in_force->video == video_header());
}

TEST_CASE("head moves at tag boundaries only, however the bytes are cut") {
  written_log whole;
  whole.write(video_header());
  whole.play(0, 1);
  for (std::size_t step : {1, 3, 7, 16, 100, 1000}) {
    stream::log log(identity(), {.segment_size = 333});
    reader r(log);
    std::set<std::uint64_t> heads;
    for (std::size_t at = 0; at < whole.all.size();) {
      auto room = log.tail();
      auto n = std::min({step, room.size(), whole.all.size() - at});
      std::copy_n(whole.all.begin() + static_cast<std::ptrdiff_t>(at), n, room.begin());
      REQUIRE(log.commit(n).has_value());
      at += n;
      heads.insert(log.head());
    }
    r.refresh();
    CHECK(r.read(0) == whole.all);
    for (std::uint64_t boundary = 0; boundary < whole.all.size();) {
      heads.erase(boundary);
      boundary += r.view.tag_at(boundary).total_size();
    }
    heads.erase(whole.all.size());
    CHECK(heads.empty());
  }
}

TEST_CASE("uncommitted bytes can be discarded and head goes on with others") {
  written_log w({.segment_size = 300});
  w.write(video_header());
  w.play(0, 1);
  auto lost = picture(1000, true, 5000);
  auto kept = picture(1000, true, 400, 8);
  for (std::size_t sent = 0; sent < 1000;) {
    auto room = w.log.tail();
    auto n = std::min<std::size_t>(room.size(), 100);
    std::copy_n(lost.begin() + static_cast<std::ptrdiff_t>(sent), n, room.begin());
    REQUIRE(w.log.commit(n).has_value());
    sent += n;
  }
  CHECK(w.log.head() == w.all.size());
  w.log.discard_uncommitted();
  w.write(kept);
  reader r(w.log);
  r.refresh();
  CHECK(r.read(0) == w.all);
}

TEST_CASE("bytes that are no tags are refused, and the log goes on from head") {
  written_log w;
  w.write(video_header());
  auto refused = w.log.append(byte_buffer(100, 0xee));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == errc::unsupported);
  CHECK(refused.error().message.find(std::to_string(w.all.size())) != std::string::npos);
  w.play(0, 1);
  reader r(w.log);
  r.refresh();
  CHECK(r.read(0) == w.all);
}

TEST_CASE("a tag that claims more than the limit is refused before its bytes come") {
  stream::log log(identity(), {.max_tag_data = 1000});
  byte_buffer lying{9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0};
  CHECK(log.append(lying).error().code == errc::too_large);
}

TEST_CASE("retention keeps the newest join point and the time asked for") {
  written_log w({.segment_size = 1000, .retain_time = std::chrono::milliseconds(3000)});
  w.write(video_header());
  w.play(0, 10);
  reader r(w.log);
  r.refresh();
  auto oldest = r.view.tag_at(r.view.first());
  CHECK(oldest.timestamp <= 9960 - 3000);
  CHECK(oldest.timestamp >= 9960 - 3000 - 2000);
  CHECK(r.read(r.view.first()) == from(w.all, r.view.first()));
}

TEST_CASE("memory is bounded when a publisher never sends a keyframe") {
  written_log w({.segment_size = 1000, .retain_bytes = 20'000});
  w.write(video_header());
  for (std::uint32_t i = 0; i < 1000; ++i)
    w.write(picture(i * 40, false));
  CHECK(w.log.retained_bytes() <= 20'000);
  CHECK(w.log.newest_join() == nullptr);
  reader r(w.log);
  r.refresh();
  CHECK(r.read(r.view.first()) == from(w.all, r.view.first()));
}

TEST_CASE("a reader that sleeps holds no more than the log does") {
  written_log w(
      {.segment_size = 1000, .retain_time = std::chrono::milliseconds(2000), .retain_bytes = 50'000});
  reader r(w.log);
  w.write(video_header());
  w.play(0, 60);
  CHECK(r.wakes == 1);
  auto news = r.channel->take();
  REQUIRE(news);
  std::size_t held = 0;
  for (const auto& s : news->segments)
    held += s->capacity();
  CHECK(held <= 52'000);
  r.view.apply(std::move(*news));
  CHECK(r.read(r.view.first()) == from(w.all, r.view.first()));
}

TEST_CASE("each join point carries the headers in force there") {
  written_log w;
  reader r(w.log);
  w.write(video_header(1));
  w.write(picture(0, true));
  r.refresh();
  CHECK(r.view.newest_join()->in_force->video == video_header(1));
  w.write(video_header(2));
  w.write(picture(40, false));
  r.refresh();
  CHECK(r.view.newest_join()->in_force->video == video_header(1));
  w.write(picture(80, true));
  r.refresh();
  CHECK(r.view.newest_join()->in_force->video == video_header(2));
}

TEST_CASE("an audio-only log can be joined at a sound, but not at every one") {
  written_log w({}, identity(true, false));
  reader r(w.log);
  w.write(audio_header());
  for (std::uint32_t i = 0; i < 100; ++i)
    w.write(sound(i * 20));
  auto news = r.channel->take();
  REQUIRE(news);
  CHECK(news->joins.size() == 4);
  CHECK_FALSE(news->flush == false); // the first delta after subscribing always wakes
}

TEST_CASE("only a video tag flushes a log with video") {
  written_log w;
  reader r(w.log);
  w.write(video_header());
  r.refresh();
  w.write(sound(0));
  CHECK_FALSE(r.channel->take()->flush);
  w.write(picture(0, true));
  CHECK(r.channel->take()->flush);
}

TEST_CASE("after a gap the retained part starts behind it") {
  written_log w({.segment_size = 1000});
  reader r(w.log);
  w.write(video_header());
  w.play(0, 1);
  r.refresh();
  auto in_force = w.log.headers_at_first();
  auto old_head = w.log.head();
  w.log.skip_to(old_head + 5000, in_force);
  auto next = picture(5000, true);
  w.log.append(next).value();
  r.refresh();
  CHECK(r.view.first() == old_head + 5000);
  CHECK(r.read(r.view.first()) == next);
}

TEST_CASE("an end, a beat and a path reach the readers, once each") {
  written_log w;
  reader r(w.log);
  w.log.set_beat({7, "o1", false, {1234, 99}});
  w.log.set_path({"o1", "r1"});
  w.log.end(end_reason::changed);
  w.log.end(end_reason::ended);
  r.refresh();
  REQUIRE(r.view.last_beat());
  CHECK(r.view.last_beat()->number == 7);
  CHECK_FALSE(r.view.last_beat()->publisher_live);
  CHECK(r.view.path()->size() == 2);
  CHECK(r.view.ended() == end_reason::changed);
}

TEST_CASE("a channel nobody holds is forgotten") {
  written_log w;
  {
    reader r(w.log);
    CHECK(w.log.has_readers());
  }
  CHECK_FALSE(w.log.has_readers());
  w.write(video_header());
}

TEST_CASE("end reasons read back from their words, and unknown words mean ended") {
  for (auto reason : {end_reason::ended, end_reason::changed, end_reason::rollover, end_reason::origin_lost,
                      end_reason::stopped})
    CHECK(stream::parse_end_reason(stream::name(reason)) == reason);
  CHECK(stream::parse_end_reason("later") == end_reason::ended);
}
