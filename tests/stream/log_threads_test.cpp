#include "stream/log_view.hpp"
#include "stream/support.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr std::uint32_t pictures = 6'000;

std::uint8_t fill_of(std::uint32_t timestamp) {
  return static_cast<std::uint8_t>(timestamp % 251);
}

/// Reads all it is told of on a thread of its own, and checks each byte of each picture.
class reading_thread {
public:
  reading_thread() : thread_([this] { run(); }) {}
  std::shared_ptr<stream::log_channel> channel() { return channel_; }
  void join() { thread_.join(); }

  std::uint64_t checked = 0, wrong = 0, evictions = 0;
  std::uint64_t head = 0;

private:
  void run() {
    stream::log_view view({true, true});
    for (bool over = false; !over;) {
      auto news = channel_->take();
      if (!news) {
        woken_.wait(false);
        woken_ = false;
        continue;
      }
      view.apply(std::move(*news));
      read(view);
      over = view.ended() != stream::end_reason::none;
    }
    head = view.head();
  }

  void read(const stream::log_view& view) {
    if (at_ < view.first()) {
      ++evictions;
      at_ = view.first();
    }
    while (at_ < view.head()) {
      auto header = view.tag_at(at_);
      auto piece = view.read(at_, header.total_size());
      check(header, piece);
      // As a write in flight does: the bytes stay the same while the log lets go of them.
      check(kept_header_, kept_);
      kept_ = piece;
      kept_header_ = header;
      at_ = piece.end();
    }
  }

  void check(const media::tag_header& header, const stream::piece& piece) {
    byte_buffer tag(piece.parts[0].begin(), piece.parts[0].end());
    tag.insert(tag.end(), piece.parts[1].begin(), piece.parts[1].end());
    if (tag.empty()) return;
    ++checked;
    auto expected = picture(header.timestamp, header.timestamp % 400 == 0, 300, fill_of(header.timestamp));
    if (tag != expected) ++wrong;
  }

  std::atomic<bool> woken_{false};
  std::shared_ptr<stream::log_channel> channel_ = std::make_shared<stream::log_channel>([this] {
    woken_ = true;
    woken_.notify_one();
  });
  std::uint64_t at_ = 0;
  stream::piece kept_;
  media::tag_header kept_header_;
  std::thread thread_;
};

// What a switch between upstreams does: bytes of a tag's start, thrown away, other ones in their place.
void write_and_discard(stream::log& log) {
  auto room = log.tail();
  auto junk = picture(7, false, 200, 0xee);
  auto n = std::min(room.size(), junk.size() / 2);
  std::copy_n(junk.begin(), n, room.begin());
  log.commit(n).value();
  log.discard_uncommitted();
}

} // namespace

TEST_CASE("threads read bytes below head while the writer appends, discards and evicts") {
  stream::log log(identity(), {.segment_size = 4096, .retain_bytes = 32 * 1024});
  reading_thread one, two;
  log.subscribe(one.channel());
  for (std::uint32_t i = 0; i < pictures; ++i) {
    if (i == 100) log.subscribe(two.channel());
    if (i % 3 == 0) write_and_discard(log);
    log.append(picture(i * 40, i % 10 == 0, 300, fill_of(i * 40))).value();
    if (i % 50 == 0) log.set_beat({i, "o1", true, {i * 40, i}});
    if (i == pictures / 2) log.skip_to(log.head() + 10'000, log.headers_at_first());
    if (i % 20 == 0) std::this_thread::yield();
  }
  log.end(stream::end_reason::ended);
  one.join();
  two.join();
  for (auto* reader : {&one, &two}) {
    CHECK(reader->wrong == 0);
    CHECK(reader->checked > 0);
    CHECK(reader->head == log.head());
  }
  CHECK(one.evictions + two.evictions > 0);
}
