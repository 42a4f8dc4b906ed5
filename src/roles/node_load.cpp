// What a node says of its load with each heartbeat, and what it does with the relays' loads.
#include "roles/node_parts.hpp"

#include <algorithm>

namespace sluice::roles {

void node_parts::loads_changed(const cluster::relay_loads& loads) {
  if (upstreams) upstreams->set_loads(loads);
}

cluster::load_report node_parts::load() const {
  cluster::load_report out;
  load_totals totals;
  auto& pool = const_cast<net::worker_pool&>(workers);
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const auto& counters = std::as_const(pool.at(i)).counters();
    out.viewers += static_cast<std::uint32_t>(counters.viewers.current.value());
    totals.sent_bytes += counters.viewers.sent_bytes.value() + counters.trunk.sent_bytes.value();
    totals.cpu_us += probes[i]->cpu_us();
    out.loop_lag_us = std::max(out.loop_lag_us, probes[i]->lag_us());
  }
  auto rates = sampler.rates(totals, std::chrono::steady_clock::now());
  out.egress_bps = rates.egress_bps;
  out.cpu_permille = rates.cpu_permille;
  out.capacity_bps = std::uint64_t{chosen.capacity_mbit} * 1'000'000;
  out.streams = hub.carried();
  for (const auto& [key, readers] : pulls())
    out.pulls += readers;
  return out;
}

std::vector<node_id> node_parts::failing() const {
  return upstreams ? upstreams->failing() : std::vector<node_id>{};
}

std::vector<std::pair<std::string, std::uint32_t>> node_parts::pulls() const {
  return trunk ? trunk->pulls() : std::vector<std::pair<std::string, std::uint32_t>>{};
}

} // namespace sluice::roles
