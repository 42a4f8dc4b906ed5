#include "net/core/audience.hpp"
#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;
using namespace sluice::net;
using std::chrono::steady_clock;

namespace {

/// Notes when it was woken; waits again, or follows, until told to stop.
struct noting_reader final : reader {
  noting_reader(audience& a, bool f) : log(a), follows(f) { again(); }
  void on_news() override {
    woken.push_back(steady_clock::now());
    again();
  }
  void again() { follows ? log.follow(*this) : log.wait(*this); }

  audience& log;
  bool follows;
  std::vector<steady_clock::time_point> woken;
};

/// One thread stands for the log's writer and the audience's worker: `turn` runs what was posted.
struct audience_fixture {
  explicit audience_fixture(stream::tracks present)
      : log({room(), {1}, present}, {}), readers(make_audience(at, log.identity())) {
    log.subscribe(readers->channel());
    turn();
  }
  void turn() {
    at.io().restart();
    at.io().poll();
  }
  void run_until(const std::function<bool()>& holds) {
    at.io().restart();
    auto end = steady_clock::now() + 2s;
    while (!holds() && steady_clock::now() < end)
      at.io().run_one_for(10ms);
  }

  worker at{0};
  stream::log log;
  std::shared_ptr<audience> readers;
};

} // namespace

TEST_CASE("a video tag wakes waiting readers and followers at once, audio after the flush time") {
  audience_fixture f({true, true});
  noting_reader viewer(*f.readers, false), follower(*f.readers, true);
  f.log.append(picture(0, true)).value();
  f.turn();
  CHECK(viewer.woken.size() == 1);
  CHECK(follower.woken.size() == 1);
  auto wrote = steady_clock::now();
  f.log.append(sound(10)).value();
  f.turn();
  CHECK(viewer.woken.size() == 1);
  CHECK(follower.woken.size() == 1);
  f.run_until([&] { return viewer.woken.size() == 2 && follower.woken.size() == 2; });
  REQUIRE(viewer.woken.size() == 2);
  REQUIRE(follower.woken.size() == 2);
  CHECK(viewer.woken.back() - wrote >= audience::flush_after - 1ms);
  CHECK(follower.woken.back() - wrote >= audience::flush_after - 1ms);
}

TEST_CASE("audio that just missed a picture still goes out by itself") {
  audience_fixture f({true, true});
  noting_reader viewer(*f.readers, false);
  f.log.append(sound(0)).value();
  f.turn();
  f.log.append(picture(10, true)).value();
  f.log.append(sound(20)).value();
  f.turn();
  CHECK(viewer.woken.size() == 1);
  f.log.append(sound(30)).value();
  f.turn();
  f.run_until([&] { return viewer.woken.size() == 2; });
  CHECK(viewer.woken.size() == 2);
}

TEST_CASE("followers see beats and path together, a little later, and everybody sees the end at once") {
  audience_fixture f({true, true});
  noting_reader viewer(*f.readers, false), follower(*f.readers, true);
  f.log.set_beat({1, "o1", true, {0, 1}});
  f.turn();
  f.log.set_path({"o1", "r1"});
  f.turn();
  CHECK(follower.woken.empty());
  f.run_until([&] { return follower.woken.size() == 1; });
  CHECK(follower.woken.size() == 1);
  CHECK(f.readers->view().path()->size() == 2);
  CHECK(f.readers->view().last_beat()->number == 1);
  auto before = viewer.woken.size();
  f.log.end(stream::end_reason::ended);
  f.turn();
  CHECK(viewer.woken.size() > before);
  CHECK(follower.woken.size() == 2);
  CHECK(f.readers->view().ended() == stream::end_reason::ended);
}

TEST_CASE("a reader may destroy another one when it is woken") {
  audience_fixture f({true, true});
  struct killer final : reader {
    void on_news() override { victim.reset(); }
    std::unique_ptr<noting_reader> victim;
  } one;
  f.readers->wait(one);
  one.victim = std::make_unique<noting_reader>(*f.readers, false);
  f.log.append(picture(0, true)).value();
  f.turn();
  CHECK_FALSE(one.victim);
}

TEST_CASE("an audience may go while its flush is due") {
  audience_fixture f({true, true});
  auto viewer = std::make_unique<noting_reader>(*f.readers, false);
  f.log.append(sound(0)).value();
  f.turn();
  viewer.reset();
  f.readers.reset();
  f.turn();
  f.at.io().restart();
  f.at.io().run_for(60ms);
  CHECK_FALSE(f.log.has_readers());
}
