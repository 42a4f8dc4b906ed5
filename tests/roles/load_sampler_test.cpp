#include "roles/load_sampler.hpp"

#include <doctest/doctest.h>

using namespace sluice::roles;
using std::chrono::milliseconds;

TEST_CASE("rates are over the time since they were last made up, the same for all who ask meanwhile") {
  load_sampler sampler(2);
  load_sampler::time_point t{};
  CHECK(sampler.rates({1000, 50}, t).egress_bps == 0);
  auto rates = sampler.rates({1000 + 125'000, 50 + 500'000}, t + milliseconds(1000));
  CHECK(rates.egress_bps == 1'000'000);
  CHECK(rates.cpu_permille == 250);
  auto again = sampler.rates({9'000'000, 9'000'000}, t + milliseconds(1300));
  CHECK(again.egress_bps == 1'000'000);
  CHECK(again.cpu_permille == 250);
  CHECK(sampler.rates({126'000, 500'050}, t + milliseconds(3000)).egress_bps == 0);
}
