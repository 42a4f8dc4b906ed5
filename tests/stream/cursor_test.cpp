#include "stream/cursor.hpp"
#include "stream/support.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;
using kind = stream::cursor_step::kind;

namespace {

struct watched_log : written_log {
  using written_log::written_log;

  void refresh() {
    while (auto news = channel->take())
      view.apply(std::move(*news));
  }
  std::shared_ptr<stream::log_channel> channel = std::make_shared<stream::log_channel>([] {});
  stream::log_view view{log.identity().present};
  bool subscribed = (log.subscribe(channel), true);
};

byte_buffer bytes_of(const stream::log_bytes& p) {
  byte_buffer out(p.parts[0].begin(), p.parts[0].end());
  out.insert(out.end(), p.parts[1].begin(), p.parts[1].end());
  return out;
}

bool is_boundary(const byte_buffer& all, std::uint64_t offset) {
  std::uint64_t at = 0;
  while (at < offset && at < all.size()) {
    byte_reader in(byte_view(all).subspan(at + 1));
    at += in.u24() + media::tag_overhead;
  }
  return at == offset;
}

} // namespace

TEST_CASE("a viewer gets the preface, then the log from the newest join point, to the byte") {
  watched_log w;
  w.write(video_header());
  w.write(audio_header());
  w.play(0, 3);
  w.refresh();
  stream::cursor c(w.view, {});
  auto start = c.offset();
  auto flags = media::file_header(true, true);
  byte_buffer preface(flags.begin(), flags.end());
  byte_writer(preface).bytes(video_header());
  byte_writer(preface).bytes(audio_header());
  CHECK(c.preface() == preface);
  byte_buffer got;
  for (auto step = c.next(w.view); step.what == kind::send; step = c.next(w.view))
    byte_writer(got).bytes(bytes_of(step.bytes));
  CHECK(got == byte_buffer(w.all.begin() + static_cast<std::ptrdiff_t>(start), w.all.end()));
  CHECK(c.next(w.view).what == kind::wait);
}

TEST_CASE("steps of a backlog end at tag boundaries unless one tag is larger than a step") {
  watched_log w({.segment_size = 4096});
  w.write(video_header());
  w.write(picture(0, true, 10'000));
  for (std::uint32_t i = 1; i < 20; ++i)
    w.write(picture(i * 40, false, 300));
  w.refresh();
  stream::cursor c(w.view, {.most = 1000});
  byte_buffer got;
  auto start = c.offset();
  auto large_end = start + 10'005 + media::tag_overhead;
  for (auto step = c.next(w.view); step.what == kind::send; step = c.next(w.view)) {
    CHECK(step.bytes.size() <= 1000);
    if (step.bytes.end() > large_end) CHECK(is_boundary(w.all, step.bytes.end()));
    byte_writer(got).bytes(bytes_of(step.bytes));
  }
  CHECK(got == byte_buffer(w.all.begin() + static_cast<std::ptrdiff_t>(start), w.all.end()));
}

TEST_CASE("a viewer that fell behind jumps to the newest join point, and the loss is told") {
  watched_log w;
  w.write(video_header());
  w.play(0, 1);
  w.refresh();
  stream::cursor c(w.view, {.max_lag_ms = 3000});
  while (c.next(w.view).what == kind::send) {
  }
  auto stood = c.offset();
  w.play(1000, 5);
  w.refresh();
  auto step = c.next(w.view);
  REQUIRE(step.what == kind::jump);
  CHECK(step.preamble.empty());
  CHECK(step.skipped == w.view.newest_join()->offset - stood);
  step = c.next(w.view);
  CHECK(step.bytes.from == w.view.newest_join()->offset);
}

TEST_CASE("a jump over changed headers sends them again, stamped with the join point's time") {
  watched_log w;
  w.write(video_header(1));
  w.play(0, 1);
  w.refresh();
  stream::cursor c(w.view, {.max_lag_ms = 1000});
  while (c.next(w.view).what == kind::send) {
  }
  w.write(video_header(2));
  w.play(1000, 4);
  w.refresh();
  auto step = c.next(w.view);
  REQUIRE(step.what == kind::jump);
  auto header = video_header(2);
  media::set_tag_timestamp(std::span(header).first<media::tag_header_size>(), 4000);
  CHECK(step.preamble == header);
}

TEST_CASE("a viewer behind does not jump while no newer join point exists") {
  watched_log w;
  w.write(video_header());
  w.write(picture(0, true));
  w.refresh();
  stream::cursor c(w.view, {.max_lag_ms = 1000});
  while (c.next(w.view).what == kind::send) {
  }
  for (std::uint32_t i = 1; i < 200; ++i)
    w.write(picture(i * 40, false));
  w.refresh();
  CHECK(c.next(w.view).what == kind::send);
}

TEST_CASE("a jump never cuts a tag that was sent in part") {
  watched_log w;
  w.write(video_header());
  w.write(picture(0, true, 5000));
  w.refresh();
  stream::cursor c(w.view, {.most = 1000, .max_lag_ms = 1000});
  CHECK(c.next(w.view).what == kind::send);
  w.play(1000, 6);
  w.refresh();
  int sends = 0;
  auto step = c.next(w.view);
  for (; step.what == kind::send; step = c.next(w.view))
    ++sends;
  CHECK(step.what == kind::jump);
  CHECK(sends == 5);
}

TEST_CASE("a viewer whose bytes are gone in the middle of a tag is lost") {
  watched_log w({.segment_size = 1000, .retain_time = std::chrono::milliseconds(500)});
  w.write(video_header());
  w.write(picture(0, true, 5000));
  w.refresh();
  stream::cursor c(w.view, {.most = 1000});
  CHECK(c.next(w.view).what == kind::send);
  w.play(1000, 10);
  w.refresh();
  CHECK(c.next(w.view).what == kind::lost);
}

TEST_CASE("tracks a little out of order do not look like a lag") {
  watched_log w;
  w.write(video_header());
  w.write(picture(1000, true));
  w.refresh();
  stream::cursor c(w.view, {.max_lag_ms = 100});
  while (c.next(w.view).what == kind::send) {
  }
  w.write(picture(1040, true));
  w.write(sound(1010));
  w.refresh();
  CHECK(c.next(w.view).what == kind::send);
}

TEST_CASE("a viewer before an accepted gap waits for the first join point behind it, and jumps there") {
  watched_log w;
  w.write(video_header());
  w.play(0, 1);
  w.refresh();
  stream::cursor c(w.view, {});
  while (c.next(w.view).what == kind::send) {
  }
  auto stood = c.offset();
  w.log.skip_to(stood + 5000, w.log.headers_at_first());
  w.refresh();
  CHECK(c.next(w.view).what == kind::wait);
  w.write(picture(1040, false));
  w.refresh();
  CHECK(c.next(w.view).what == kind::wait);
  w.write(picture(1080, true));
  w.refresh();
  auto step = c.next(w.view);
  REQUIRE(step.what == kind::jump);
  CHECK(step.skipped == w.view.newest_join()->offset - stood);
  CHECK(c.next(w.view).bytes.from == w.view.newest_join()->offset);
}

namespace {

/// The log of a newer epoch, from `from_ms` on.
struct next_log : watched_log {
  next_log(std::uint32_t from_ms, int seconds) : watched_log({}, identity(true, true, 2)) {
    write(video_header(2));
    write(audio_header());
    play(from_ms, seconds);
    refresh();
  }
};

struct read_log : watched_log {
  read_log() {
    write(video_header());
    play(0, 2);
    refresh();
    while (reader->next(view).what == kind::send) {
    }
  }
  std::optional<stream::cursor> reader = [this] {
    write(picture(0, true));
    refresh();
    return stream::cursor(view, {.max_lag_ms = 3000});
  }();
};

} // namespace

TEST_CASE("a viewer goes on in a newer epoch's log at its oldest join point, headers first") {
  read_log old;
  next_log newer(old.view.newest_timestamp() + 500, 2);
  const auto* place = old.reader->place_in(newer.view, old.view.newest_timestamp());
  REQUIRE(place != nullptr);
  CHECK(place->offset == newer.view.joins().front().offset);
  auto headers = old.reader->move_to(*place);
  auto expected = video_header(2);
  byte_writer(expected).bytes(audio_header());
  media::set_tag_timestamp(std::span(expected).first<media::tag_header_size>(), place->timestamp);
  auto second = std::span(expected).subspan(video_header(2).size());
  media::set_tag_timestamp(second.first<media::tag_header_size>(), place->timestamp);
  CHECK(headers == expected);
  CHECK(old.reader->next(newer.view).bytes.from == place->offset);
}

TEST_CASE("a viewer enters a newer epoch's log that ran ahead where it is not too far behind") {
  read_log old;
  next_log newer(old.view.newest_timestamp() + 500, 10);
  const auto* place = old.reader->place_in(newer.view, old.view.newest_timestamp());
  REQUIRE(place != nullptr);
  auto lag = newer.view.newest_timestamp() - place->timestamp;
  CHECK(lag <= 3000);
  CHECK(lag > 1000);
}

TEST_CASE("a newer epoch's log that starts no later than the old one stopped has no place for a viewer") {
  read_log old;
  auto stopped = old.view.newest_timestamp();
  CHECK(old.reader->place_in(next_log(stopped, 3).view, stopped) == nullptr);
  CHECK(old.reader->place_in(next_log(stopped + 1, 3).view, stopped) != nullptr);
  watched_log empty;
  CHECK(old.reader->place_in(empty.view, stopped) == nullptr);
}
