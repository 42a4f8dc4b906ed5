#include "net/http/metrics.hpp"
#include "net/store/etcd_store.hpp"

#include <prometheus/metric_family.h>

namespace sluice::net {

void add_store_metrics(const etcd_counters& counters, std::vector<prometheus::MetricFamily>& out) {
  auto count = [&out](std::string name, std::string help, const counter& of) {
    out.push_back(counter_family(std::move(name), std::move(help), static_cast<double>(of.value())));
  };
  auto gauge = [&out](std::string name, std::string help, const counter& of) {
    out.push_back(gauge_family(std::move(name), std::move(help), static_cast<double>(of.value())));
  };
  count("sluice_store_requests_total", "Requests to the store, watches included", counters.http.requests);
  count("sluice_store_failures_total", "Requests refused, late, cut off or answered with an error",
        counters.http.failures);
  count("sluice_store_losses_total", "Times the store was lost", counters.losses);
  count("sluice_store_lists_total", "Complete lists read from the store", counters.lists);
  count("sluice_store_compactions_total", "Lists read again because the watch's history was gone",
        counters.compactions);
  count("sluice_store_events_total", "Changes heard from the store", counters.events);
  count("sluice_store_malformed_total", "Replies and values of the store that could not be read",
        counters.malformed);
  count("sluice_store_relays_written_total", "Relays put into the store or erased", counters.written);
  count("sluice_store_relays_dropped_total", "Relays not kept for writing because too many were",
        counters.dropped);
  count("sluice_store_policy_conflicts_total", "Policies refused because somebody else had changed it",
        counters.conflicts);
  gauge("sluice_store_revision", "Greatest revision heard from the store", counters.revision);
  gauge("sluice_store_fresh", "1 while the store answers", counters.fresh);
  gauge("sluice_store_relays", "Relays in the store's last contents", counters.relays);
  gauge("sluice_store_relays_waiting", "Relays not written to the store yet", counters.waiting);
}

} // namespace sluice::net
