#include "stream/stream.hpp"
#include "stream/support.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

struct outcome {
  int calls = 0;
  std::optional<error> failed;
  stream::stream::waiter waiter() {
    return [this](result<void> r) {
      ++calls;
      if (!r) failed = r.error();
    };
  }
};

stream::stream make() {
  return {stream_key::parse("live/room1").value(), {}};
}

} // namespace

TEST_CASE("a waiter is called once, when the first join point is there") {
  auto s = make();
  outcome o;
  s.when_ready(o.waiter());
  CHECK(s.wanted());
  REQUIRE(s.begin(identity()).has_value());
  s.append(video_header()).value();
  CHECK(o.calls == 0);
  s.append(picture(0, true)).value();
  CHECK(o.calls == 1);
  s.append(picture(40, true)).value();
  CHECK(o.calls == 1);
  CHECK_FALSE(o.failed);
  CHECK_FALSE(s.wanted());
}

TEST_CASE("viewers wait for the catch-up, or for its limit") {
  auto s = make();
  outcome o, late;
  REQUIRE(s.begin(identity(), 0, nullptr, 100'000).has_value());
  s.append(video_header()).value();
  s.append(picture(0, true)).value();
  s.when_ready(o.waiter());
  CHECK(o.calls == 0);
  s.caught_up();
  CHECK(o.calls == 1);
  s.when_ready(late.waiter());
  CHECK(late.calls == 1);
}

TEST_CASE("waiters are told why there will be no stream") {
  auto s = make();
  outcome o;
  s.when_ready(o.waiter());
  s.fail_waiters({errc::not_live, "no"});
  REQUIRE(o.failed);
  CHECK(o.failed->code == errc::not_live);
  outcome gone;
  {
    auto dying = make();
    dying.when_ready(gone.waiter());
  }
  CHECK(gone.calls == 1);
}

TEST_CASE("a lower or equal epoch is stale, a higher one ends the present log as changed") {
  auto s = make();
  REQUIRE(s.begin(identity(true, true, 5)).has_value());
  CHECK(s.begin(identity(true, true, 5)).error().code == errc::stale);
  CHECK(s.begin(identity(true, true, 4)).error().code == errc::stale);
  auto channel = std::make_shared<stream::log_channel>([] {});
  s.current()->subscribe(channel);
  (void)channel->take();
  REQUIRE(s.begin(identity(true, true, 6)).has_value());
  CHECK(channel->take()->end == stream::end_reason::changed);
  CHECK(s.last_epoch().value == 6);
  s.finish(stream::end_reason::ended);
  CHECK(s.current() == nullptr);
  CHECK(s.begin(identity(true, true, 6)).error().code == errc::stale);
}

TEST_CASE("a waiter that gave up is not called and does not make the stream wanted") {
  auto s = make();
  outcome gone, stays;
  auto id = s.when_ready(gone.waiter());
  s.when_ready(stays.waiter());
  s.forget(id);
  s.fail_waiters({errc::not_live, "no"});
  CHECK(gone.calls == 0);
  CHECK(stays.calls == 1);
  CHECK_FALSE(s.wanted());
}
