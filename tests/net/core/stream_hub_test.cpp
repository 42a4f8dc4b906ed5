#include "net/core/stream_hub.hpp"
#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

#include <future>
#include <thread>

using namespace sluice;
using namespace sluice::test;
using namespace sluice::net;

namespace {

using opened = result<std::shared_ptr<audience>>;

struct hub_fixture {
  explicit hub_fixture(stream_hub::options options = {}, std::size_t count = 1)
      : workers(count, "hub", logger("n1")), hub(workers, options, logger("n1")) {}
  ~hub_fixture() {
    hub.stop();
    workers.stop();
  }
  void start() {
    hub.start();
    workers.start();
  }
  std::future<opened> open(open_when when, std::size_t at = 0) {
    auto answer = std::make_shared<std::promise<opened>>();
    hub.open(room(), workers.at(at), when, [answer](opened log) { answer->set_value(std::move(log)); });
    return answer->get_future();
  }
  void at_home(const std::function<void(hosted_stream&)>& task) {
    std::promise<void> done;
    hub.on_home(room(), [&](hosted_stream* h, worker&) {
      task(*h);
      done.set_value();
    });
    done.get_future().wait();
  }
  void begin(bool with_picture) {
    at_home([&](hosted_stream& h) {
      if (!h.source) h.source = std::make_unique<idle_feeder>(false);
      h.log.begin(identity()).value();
      stream_hub::log_began(h);
      if (with_picture) h.log.append(picture(0, true)).value();
    });
  }

  worker_pool workers;
  stream_hub hub;
};

} // namespace

TEST_CASE("a stream that is not here is not live where nothing may be started") {
  hub_fixture f;
  f.start();
  for (auto when : {open_when::ready, open_when::started, open_when::local, open_when::present})
    CHECK(f.open(when).get().error().code == errc::not_live);
}

TEST_CASE("each way to open gets the log as soon as it may") {
  hub_fixture f;
  f.hub.on_demand([](hosted_stream&, worker&) { return std::make_unique<idle_feeder>(true); });
  f.start();
  CHECK(f.open(open_when::local).get().error().code == errc::not_live);
  CHECK(f.open(open_when::present).get().error().code == errc::not_live);
  auto ready = f.open(open_when::ready);
  auto started = f.open(open_when::started);
  f.begin(false);
  CHECK(started.get().has_value());
  CHECK(f.open(open_when::local).get().has_value());
  auto present = f.open(open_when::present);
  f.at_home([](hosted_stream& h) { h.log.append(picture(0, true)).value(); });
  auto log = ready.get();
  REQUIRE(log.has_value());
  CHECK((*log)->view().newest_join() != nullptr);
  CHECK(present.get().has_value());
  CHECK(f.open(open_when::ready).get().has_value());
}

TEST_CASE("an open is answered on its own worker, and both workers see the same bytes") {
  hub_fixture f({}, 2);
  f.start();
  f.begin(true);
  for (std::size_t i = 0; i < 2; ++i) {
    std::promise<std::thread::id> mine, answered;
    f.workers.at(i).post([&] { mine.set_value(std::this_thread::get_id()); });
    std::uint64_t head = 0;
    f.hub.open(room(), f.workers.at(i), open_when::ready, [&](opened log) {
      head = (*log)->view().head();
      answered.set_value(std::this_thread::get_id());
    });
    CHECK(answered.get_future().get() == mine.get_future().get());
    CHECK(head == picture(0, true).size());
  }
}

TEST_CASE("one feeder starts however many ask at once") {
  hub_fixture f({}, 2);
  auto made = std::make_shared<std::atomic<int>>(0);
  f.hub.on_demand([made](hosted_stream&, worker&) {
    ++*made;
    return std::make_unique<idle_feeder>(true);
  });
  f.start();
  std::vector<std::future<opened>> all;
  for (std::size_t i = 0; i < 10; ++i)
    all.push_back(f.open(open_when::ready, i % 2));
  f.begin(true);
  for (auto& one : all)
    CHECK(one.get().has_value());
  CHECK(*made == 1);
}

TEST_CASE("a feeder's failure is every waiter's answer") {
  hub_fixture f;
  f.hub.on_demand([](hosted_stream&, worker&) { return std::make_unique<idle_feeder>(true); });
  f.start();
  auto one = f.open(open_when::ready), two = f.open(open_when::started);
  f.at_home([](hosted_stream& h) { h.log.fail_waiters({errc::not_live, "nobody has it"}); });
  CHECK(one.get().error().message == "nobody has it");
  CHECK(two.get().error().message == "nobody has it");
}

TEST_CASE("an open that gets nothing times out, and then nothing keeps the stream") {
  hub_fixture f({.open_timeout = 50ms, .linger = 1ms});
  auto alive = std::make_shared<std::atomic<int>>(0);
  f.hub.on_demand([alive](hosted_stream&, worker&) { return std::make_unique<idle_feeder>(true, alive); });
  f.start();
  auto ready = f.open(open_when::ready), started = f.open(open_when::started);
  CHECK(ready.get().error().code == errc::timed_out);
  CHECK(started.get().error().code == errc::timed_out);
  CHECK(*alive == 1);
  CHECK(eventually([&] { return *alive == 0; }));
}

TEST_CASE("an unread stream is kept while somebody publishes it, and let go after the linger when pulled") {
  for (bool on_demand : {false, true}) {
    hub_fixture f({.linger = 1ms});
    auto alive = std::make_shared<std::atomic<int>>(0);
    f.start();
    f.at_home([&](hosted_stream& h) { h.source = std::make_unique<idle_feeder>(on_demand, alive); });
    f.begin(true);
    auto reader = f.open(open_when::ready).get();
    REQUIRE(reader.has_value());
    CHECK_FALSE(eventually([&] { return *alive == 0; }, 1'200ms));
    reader = error{errc::closed, "done"};
    CHECK(eventually([&] { return *alive == 0; }, 3'500ms) == on_demand);
  }
}

TEST_CASE("a stop answers those who wait and ends every stream") {
  hub_fixture f;
  f.hub.on_demand([](hosted_stream&, worker&) { return std::make_unique<idle_feeder>(true); });
  f.start();
  auto waiting = f.open(open_when::ready);
  f.at_home([](hosted_stream&) {});
  f.hub.stop();
  CHECK(waiting.get().error().code == errc::not_live);
  CHECK_FALSE(f.open(open_when::ready).get().has_value());
}

TEST_CASE("a list and a status show a stream with its feeder") {
  hub_fixture f({}, 2);
  f.start();
  f.begin(true);
  std::promise<std::vector<stream_status>> all;
  f.hub.list(f.workers.at(1), [&](auto found) { all.set_value(std::move(found)); });
  auto found = all.get_future().get();
  REQUIRE(found.size() == 1);
  CHECK(found[0].live);
  CHECK(found[0].key == "live/room1");
  CHECK(found[0].feeder_kind == "publisher");
  CHECK(found[0].head == picture(0, true).size());
  std::promise<stream_status> none;
  f.hub.status(stream_key::parse("live/other").value(), f.workers.at(0),
               [&](auto s) { none.set_value(std::move(s)); });
  CHECK_FALSE(none.get_future().get().live);
}
