#include "net/core/flush_pace.hpp"
#include "net/core/load_probe.hpp"
#include "support/eventually.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
using sluice::test::eventually;
using namespace std::chrono_literals;

TEST_CASE("a worker that is held up shows late timers and the processor time it took") {
  worker_pool pool(1, "t", logger());
  load_probe probe(pool.at(0));
  pool.start();
  REQUIRE(eventually([&] { return probe.cpu_us() > 0; }));
  // Longer than the probe's period by far, so one of its timers falls due meanwhile; and really at work.
  pool.at(0).post([] {
    auto until = std::chrono::steady_clock::now() + 500ms;
    auto used = thread_cpu_time() + 100ms;
    while (std::chrono::steady_clock::now() < until || thread_cpu_time() < used) {
    }
  });
  CHECK(eventually([&] { return probe.lag_us() >= 100'000; }));
  CHECK(eventually([&] { return probe.cpu_us() >= 50'000; }));
  CHECK_FALSE(probe.overloaded());
  probe.stop();
  pool.stop(20s);
}

TEST_CASE("a probe that ended keeps no worker from ending") {
  worker_pool pool(1, "t", logger());
  {
    load_probe probe(pool.at(0));
    pool.start();
  }
  auto began = std::chrono::steady_clock::now();
  pool.stop(20s);
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}
