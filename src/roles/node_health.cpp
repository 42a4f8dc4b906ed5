// What a node says about itself: readiness, metrics, and its directories for the start-up lines.
#include "base/unix_time.hpp"
#include "roles/node_parts.hpp"

#include <prometheus/metric_family.h>

#include <algorithm>

namespace sluice::roles {

using cluster::node_role;

namespace {

std::string one_line(const plane::control_status& status) {
  std::string out;
  for (const auto& d : status.directories)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", d.address, d.connected ? "connected" : d.problem);
  return out;
}

std::string list_age(const plane::control_status& status) {
  if (!status.has_snapshot) return "no relay list: streams cannot be found until a directory answers";
  auto age_ms = static_cast<std::int64_t>(unix_ms_now() - status.snapshot_unix_ms);
  return fmt::format("the list saved {} s ago", age_ms / 1000);
}

std::size_t connected(const plane::control_status& status) {
  return static_cast<std::size_t>(std::count_if(status.directories.begin(), status.directories.end(),
                                                [](const auto& d) { return d.connected; }));
}

} // namespace

control_status_text node_parts::directories() const {
  if (!control || identity.directories.empty()) return {};
  auto status = const_cast<control_node&>(*control).control().status();
  return {connected(status), status.directories.size(), one_line(status), list_age(status)};
}

// So that what sends viewers to nodes sends the next ones elsewhere.
net::readiness_check node_parts::room() const {
  std::size_t full = 0, overloaded = 0;
  auto& pool = const_cast<net::worker_pool&>(workers);
  for (std::size_t i = 0; i < pool.size(); ++i) {
    full += std::as_const(pool.at(i)).counters().viewers.current.value() >= chosen.max_viewers;
    overloaded += probes[i]->overloaded();
  }
  if (full + overloaded == 0) return {"room", true, ""};
  return {"room", false,
          fmt::format("of {} data threads, {} have as many viewers as they may and {} are overloaded",
                      pool.size(), full, overloaded)};
}

// Ready means: an origin can take publishers and a directory knows of it; a relay or edge has a relay list
// (fresh or saved) to find streams by; an edge has room for viewers; a directory has its port. A node that
// drains is not ready.
std::vector<net::readiness_check> node_parts::readiness() const {
  std::vector<net::readiness_check> checks{{"serving", !draining, draining ? "the node is going away" : ""}};
  // A directory whose store is lost goes on with what it said last, so it stays ready.
  if (store) {
    auto problem = store->problem();
    bool fresh = store->counters().fresh.value() > 0;
    checks.push_back({"store", true,
                      fmt::format("{}{}{}", fresh ? "fresh" : "stale: its last word counts",
                                  problem.empty() ? "" : ": ", problem)});
  }
  if (is(node_role::edge)) checks.push_back(room());
  if (!control || is(node_role::directory)) return checks;
  auto status = const_cast<control_node&>(*control).control().status();
  checks.push_back(
      {"relay_list", status.has_snapshot,
       status.has_snapshot ? fmt::format("digest {:016x}", status.digest) : "none was ever received"});
  if (status.store_lost) checks.push_back({"store", true, "stale: the directories' store does not answer"});
  if (is(node_role::origin)) checks.push_back({"directory", connected(status) > 0, one_line(status)});
  return checks;
}

void node_parts::add_load_metrics(std::vector<prometheus::MetricFamily>& out) const {
  std::uint32_t lag_us = 0;
  std::uint64_t cpu_us = 0;
  for (const auto& probe : probes) {
    lag_us = std::max(lag_us, probe->lag_us());
    cpu_us += probe->cpu_us();
  }
  out.push_back(net::gauge_family("sluice_loop_lag_seconds",
                                  "How late the busiest worker's timers were in the last second or two",
                                  static_cast<double>(lag_us) / 1e6));
  out.push_back(net::counter_family("sluice_worker_cpu_seconds_total",
                                    "Processor time of the node's data threads",
                                    static_cast<double>(cpu_us) / 1e6));
}

std::string node_parts::metrics() {
  return net::scrape(workers, [this](std::vector<prometheus::MetricFamily>& out) {
    const auto& g = guard.counters();
    auto number = [](const auto& atomic) { return static_cast<double>(atomic.load()); };
    out.push_back(net::counter_family("sluice_control_accepted_total", "Control connections accepted",
                                      number(g.accepted)));
    out.push_back(
        net::counter_family("sluice_control_refused_total",
                            "Control connections closed: garbage, another cluster, a wrong secret, a bad "
                            "header, too slow or too many",
                            number(g.refused_garbage) + number(g.refused_cluster) + number(g.refused_secret) +
                                number(g.refused_full) + number(g.proof_timeouts) + number(g.bad_headers)));
    out.push_back(
        net::counter_family("sluice_control_lost_total",
                            "Control connections closed because the peer fell silent or did not read",
                            number(g.idle_closed) + number(g.unread_closed)));
    out.push_back(net::counter_family("sluice_control_dial_failures_total",
                                      "Directories that could not be reached", number(g.dial_failures)));
    out.push_back(net::gauge_family("sluice_control_connections", "Control connections open and proven",
                                    number(g.open)));
    if (store) net::add_store_metrics(store->counters(), out);
    add_load_metrics(out);
    if (control && identity.role == cluster::node_role::directory) {
      auto figures = control->figures();
      out.push_back(net::gauge_family("sluice_directory_frozen",
                                      "1 while most relays fell silent at once and are kept on the list",
                                      figures.frozen ? 1 : 0));
      out.push_back(net::gauge_family("sluice_directory_relays_left_out",
                                      "Relays that are alive and not listed, because the list is full",
                                      static_cast<double>(figures.relays_left_out)));
      out.push_back(net::counter_family("sluice_directory_untracked_total",
                                        "Times a stream was left out of the demand, for too many are tracked",
                                        static_cast<double>(figures.untracked)));
    }
    if (!control || identity.directories.empty()) return;
    auto status = control->control().status();
    out.push_back(net::gauge_family("sluice_directories_connected", "Directories this node is connected to",
                                    static_cast<double>(connected(status))));
    out.push_back(net::gauge_family("sluice_algorithm_unknown",
                                    "1 while this build lacks the enumeration algorithm in force: only "
                                    "directories rank relays by it",
                                    status.algorithm_unknown ? 1 : 0));
  });
}

} // namespace sluice::roles
