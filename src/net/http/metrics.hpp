// `/metrics`: the data plane's counters in Prometheus' text format. Any thread.
#pragma once

#include "net/core/worker.hpp"

#include <functional>
#include <string>

namespace prometheus {
struct MetricFamily;
}

namespace sluice::net {

/// Adds families of another part of the node (control plane, guard) to a scrape.
using more_metrics = std::function<void(std::vector<prometheus::MetricFamily>&)>;

/// A counter without labels, for `more_metrics`.
prometheus::MetricFamily counter_family(std::string name, std::string help, double value);
/// A gauge without labels.
prometheus::MetricFamily gauge_family(std::string name, std::string help, double value);

/// The text of one scrape: the workers' counters summed, the process, and `more`.
std::string scrape(worker_pool& workers, const more_metrics& more);

} // namespace sluice::net
