#include "cluster/enumeration.hpp"
#include "cluster/load.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;
using namespace std::chrono_literals;

TEST_CASE("a relay is as busy as its scarcest resource") {
  load_report load;
  load.egress_bps = 300'000'000;
  CHECK(utilisation(load, 1) == doctest::Approx(0.3));
  CHECK(utilisation(load, 3) == doctest::Approx(0.1));
  load.capacity_bps = 600'000'000;
  CHECK(utilisation(load, 3) == doctest::Approx(0.5));
  load.cpu_permille = 700;
  CHECK(utilisation(load, 1) == doctest::Approx(0.7));
  load.loop_lag_us = 90'000;
  CHECK(utilisation(load, 1) == doctest::Approx(0.9));
}

TEST_CASE("a level follows a lasting change within seconds and stays for a short one") {
  load_meter meter;
  load_meter::time_point now{1000s};
  meter.report(0.25, now);
  CHECK(meter.level() == 4);
  meter.report(0.28, now += 1s);
  CHECK(meter.level() == 4);
  for (int i = 0; i < 10; ++i)
    meter.report(0.9, now += 1s);
  CHECK(meter.level() == 14);
  for (int i = 0; i < 20; ++i)
    meter.report(7, now += 1s);
  CHECK(meter.level() == 15);
  for (int i = 0; i < 30; ++i)
    meter.report(0, now += 1s);
  CHECK(meter.level() == 0);
}

TEST_CASE("a load that swings around a step does not make the level flap") {
  load_meter meter;
  load_meter::time_point now{1000s};
  meter.report(0.5, now);
  int changes = 0;
  for (int i = 0; i < 200; ++i) {
    auto before = meter.level();
    meter.report(i % 2 == 0 ? 0.47 : 0.53, now += 1s);
    changes += meter.level() != before;
  }
  CHECK(changes == 0);
}

TEST_CASE("loads survive their packing, and belong to one list only") {
  for (int count : {0, 1, 2, 7}) {
    auto list = numbered(count);
    relay_loads known;
    for (int i = 0; i < count; ++i)
      known[fmt::format("relay-{}", i)] = static_cast<std::uint8_t>(15 - i);
    auto packed = pack_loads(list, known);
    CHECK(packed.levels.size() == static_cast<std::size_t>(count + 1) / 2);
    CHECK(unpack_loads(list, packed) == known);
    CHECK(unpack_loads(numbered(count + 1), packed).empty());
    packed.levels.push_back(0);
    CHECK(unpack_loads(list, packed).empty());
  }
}

TEST_CASE("loads known are shown in an enumeration") {
  auto found = enumerate(key(), numbered(3), "");
  apply_loads(found, {{found.order[2].id, 9}, {found.head[0].id, 3}, {"another", 1}});
  CHECK(found.order[2].load == 9);
  CHECK(found.order[0].load == 3);
  CHECK(found.head[0].load == 3);
  CHECK(found.order[1].load == 0);
}
