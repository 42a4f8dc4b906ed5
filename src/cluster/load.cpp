#include "cluster/load.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::cluster {

namespace {

constexpr std::chrono::duration<double> smoothing{2.0};
constexpr double steps = 16;
/// So far, in steps, the load must leave its step before the level follows.
constexpr double hysteresis = 0.25;

} // namespace

double utilisation(const load_report& load, double weight) noexcept {
  auto capacity =
      load.capacity_bps > 0 ? static_cast<double>(load.capacity_bps) : assumed_capacity_bps * weight;
  return std::max({static_cast<double>(load.egress_bps) / capacity, load.cpu_permille / 1000.0,
                   load.loop_lag_us / full_loop_lag_us});
}

void load_meter::report(double utilisation, time_point now) noexcept {
  auto used = std::clamp(utilisation, 0.0, 1.0);
  if (last_) {
    auto kept = std::exp(-std::chrono::duration<double>(now - *last_) / smoothing);
    smooth_ = used + (smooth_ - used) * kept;
  } else {
    smooth_ = used;
  }
  last_ = now;
  auto at = smooth_ * steps;
  if (at < level_ - hysteresis || at >= level_ + 1 + hysteresis)
    level_ = static_cast<std::uint8_t>(std::min(at, steps - 1));
}

load_digest pack_loads(const snapshot& list, const relay_loads& known) {
  load_digest out;
  out.digest = list.digest;
  out.levels.resize((list.relays.size() + 1) / 2);
  for (std::size_t i = 0; i < list.relays.size(); ++i)
    if (auto at = known.find(list.relays[i].id); at != known.end())
      out.levels[i / 2] = static_cast<std::uint8_t>(out.levels[i / 2] | (at->second & 15) << i % 2 * 4);
  return out;
}

relay_loads unpack_loads(const snapshot& list, const load_digest& loads) {
  relay_loads out;
  if (loads.digest != list.digest || loads.levels.size() != (list.relays.size() + 1) / 2) return out;
  for (std::size_t i = 0; i < list.relays.size(); ++i)
    out.emplace(list.relays[i].id, static_cast<std::uint8_t>(loads.levels[i / 2] >> i % 2 * 4 & 15));
  return out;
}

void apply_loads(enumeration& into, const relay_loads& known) {
  for (auto* ranks : {&into.head, &into.order})
    for (auto& one : *ranks)
      if (auto at = known.find(one.id); at != known.end()) one.load = at->second;
}

} // namespace sluice::cluster
