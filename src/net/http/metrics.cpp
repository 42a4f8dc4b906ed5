#include "net/http/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <fstream>
#include <unistd.h>

namespace sluice::net {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type, double value) {
  MetricFamily out;
  out.name = std::move(name);
  out.help = std::move(help);
  out.type = type;
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.gauge.value = value;
  out.metric.push_back(metric);
  return out;
}

struct row {
  const char* name;
  const char* help;
  MetricType type;
  const counter& (*read)(const worker_counters&);
  double unit = 1; ///< of one count
};

constexpr auto count = MetricType::Counter;
constexpr auto gauge = MetricType::Gauge;
using wc = worker_counters;
using cref = const counter&;

const std::array rows{
    row{"sluice_viewers", "Viewers being served", gauge,
        [](const wc& w) -> cref { return w.viewers.current; }},
    row{"sluice_viewers_accepted_total", "Viewers accepted", count,
        [](const wc& w) -> cref { return w.viewers.accepted; }},
    row{"sluice_viewer_sent_bytes_total", "Media bytes sent to viewers", count,
        [](const wc& w) -> cref { return w.viewers.sent_bytes; }},
    row{"sluice_viewer_jumps_total", "Times a slow viewer jumped to a join point", count,
        [](const wc& w) -> cref { return w.viewers.jumps; }},
    row{"sluice_viewer_skipped_bytes_total", "Log bytes left out by those jumps", count,
        [](const wc& w) -> cref { return w.viewers.skipped_bytes; }},
    row{"sluice_viewers_carried_total", "Times a viewer went on in a newer epoch's log, over the same socket",
        count, [](const wc& w) -> cref { return w.viewers.carried; }},
    row{"sluice_viewer_carry_gap_seconds_total",
        "Media time that was missing then: the publisher's absence and the lost tail of the older log", count,
        [](const wc& w) -> cref { return w.viewers.carry_gap_ms; }, 0.001},
    row{"sluice_viewers_closed_slow_total", "Viewers closed because they took nothing any more", count,
        [](const wc& w) -> cref { return w.viewers.closed_slow; }},
    row{"sluice_rtmp_connections_total", "RTMP connections accepted", count,
        [](const wc& w) -> cref { return w.ingest.connections; }},
    row{"sluice_rtmp_connections", "RTMP connections open", gauge,
        [](const wc& w) -> cref { return w.ingest.current; }},
    row{"sluice_publishers_refused_total", "Publishers refused", count,
        [](const wc& w) -> cref { return w.ingest.refused; }},
    row{"sluice_ingest_protocol_errors_total", "Publishers' connections ended for breaking RTMP, HTTP or FLV",
        count, [](const wc& w) -> cref { return w.ingest.protocol_errors; }},
    row{"sluice_ingest_received_bytes_total", "Bytes received from publishers", count,
        [](const wc& w) -> cref { return w.ingest.received_bytes; }},
    row{"sluice_ingest_dropped_packets_total", "Media packets that could not enter the log", count,
        [](const wc& w) -> cref { return w.ingest.dropped_packets; }},
    row{"sluice_http_connections_total", "HTTP connections accepted", count,
        [](const wc& w) -> cref { return w.http.connections; }},
    row{"sluice_http_connections", "HTTP connections open, viewers not included", gauge,
        [](const wc& w) -> cref { return w.http.current; }},
    row{"sluice_http_requests_total", "HTTP requests", count,
        [](const wc& w) -> cref { return w.http.requests; }},
    row{"sluice_http_bad_requests_total", "HTTP requests answered 4xx, or that were no HTTP", count,
        [](const wc& w) -> cref { return w.http.bad_requests; }},
    row{"sluice_http_over_limit_total", "HTTP connections closed at once for being too many", count,
        [](const wc& w) -> cref { return w.http.over_limit; }},
    row{"sluice_trunk_pulls_started_total", "Connections made to pull a stream", count,
        [](const wc& w) -> cref { return w.trunk.pulls_started; }},
    row{"sluice_trunk_pushes_started_total", "Connections made to push a stream", count,
        [](const wc& w) -> cref { return w.trunk.pushes_started; }},
    row{"sluice_trunk_served_total", "Trunk readers accepted", count,
        [](const wc& w) -> cref { return w.trunk.served; }},
    row{"sluice_trunk_received_bytes_total", "Log bytes taken in from other nodes", count,
        [](const wc& w) -> cref { return w.trunk.received_bytes; }},
    row{"sluice_trunk_sent_bytes_total", "Log bytes sent to other nodes", count,
        [](const wc& w) -> cref { return w.trunk.sent_bytes; }},
    row{"sluice_trunk_hedge_pulls_total", "Second pulls taken into use", count,
        [](const wc& w) -> cref { return w.trunk.hedge_pulls; }},
    row{"sluice_trunk_doubled_bytes_total", "Log bytes that had come another way before and were discarded",
        count, [](const wc& w) -> cref { return w.trunk.doubled_bytes; }},
    row{"sluice_trunk_gaps_total", "Gaps accepted", count, [](const wc& w) -> cref { return w.trunk.gaps; }},
    row{"sluice_trunk_gap_bytes_total", "Log bytes left out by gaps", count,
        [](const wc& w) -> cref { return w.trunk.gap_bytes; }},
    row{"sluice_trunk_protocol_errors_total",
        "Trunk connections ended for breaking the protocol or its proof", count,
        [](const wc& w) -> cref { return w.trunk.protocol_errors; }},
    row{"sluice_trunk_over_limit_total", "Trunk connections closed at once for being too many", count,
        [](const wc& w) -> cref { return w.trunk.over_limit; }},
};

/// Why a leading upstream can be left for another one.
constexpr std::array switch_reasons{
    cluster::drop_reason::closed,  cluster::drop_reason::silent,  cluster::drop_reason::no_beats,
    cluster::drop_reason::late,    cluster::drop_reason::behind,  cluster::drop_reason::leaving,
    cluster::drop_reason::moved,   cluster::drop_reason::stale,   cluster::drop_reason::loop,
    cluster::drop_reason::refused, cluster::drop_reason::surplus, cluster::drop_reason::too_deep};

/// A counter for each of `reasons`, as `read` finds it in a worker's counters.
template <class Reasons, class Read>
MetricFamily by_reason(worker_pool& workers, std::string title, std::string help, const Reasons& reasons,
                       Read read) {
  MetricFamily out;
  out.name = std::move(title);
  out.help = std::move(help);
  out.type = count;
  for (auto reason : reasons) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"reason", std::string(name(reason))});
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const auto& all = read(std::as_const(workers.at(i)).counters());
      metric.counter.value += static_cast<double>(all[static_cast<std::size_t>(reason)].value());
    }
    out.metric.push_back(std::move(metric));
  }
  return out;
}

MetricFamily viewers_of_each(worker_pool& workers) {
  MetricFamily out;
  out.name = "sluice_worker_viewers";
  out.help = "Viewers being served, by data thread";
  out.type = gauge;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"worker", std::to_string(i)});
    metric.gauge.value = static_cast<double>(std::as_const(workers.at(i)).counters().viewers.current.value());
    out.metric.push_back(std::move(metric));
  }
  return out;
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

} // namespace

MetricFamily counter_family(std::string name, std::string help, double value) {
  return family(std::move(name), std::move(help), count, value);
}

MetricFamily gauge_family(std::string name, std::string help, double value) {
  return family(std::move(name), std::move(help), gauge, value);
}

std::string scrape(worker_pool& workers, const more_metrics& more) {
  std::vector<MetricFamily> families;
  for (const auto& r : rows) {
    double sum = 0;
    for (std::size_t i = 0; i < workers.size(); ++i)
      sum += static_cast<double>(r.read(std::as_const(workers.at(i)).counters()).value());
    families.push_back(family(r.name, r.help, r.type, sum * r.unit));
  }
  families.push_back(by_reason(
      workers, "sluice_viewers_refused_total", "Viewers answered with an error before any media, by why",
      refusals, [](const worker_counters& w) -> const auto& { return w.viewers.refused; }));
  families.push_back(viewers_of_each(workers));
  families.push_back(by_reason(
      workers, "sluice_trunk_switches_total",
      "Times another upstream came to lead a stream, by why the one before was left", switch_reasons,
      [](const worker_counters& w) -> const auto& { return w.trunk.switches; }));
  families.push_back(
      gauge_family("process_resident_memory_bytes", "Resident memory of the process", resident_bytes()));
  if (more) more(families);
  return prometheus::TextSerializer().Serialize(families);
}

} // namespace sluice::net
