#include "roles/ctl/views.hpp"

#include "roles/ctl/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice::roles::ctl {

namespace {

std::string rates(const cluster::load_report& load) {
  return rate_text(load.egress_bps);
}

std::string live_line(const cluster::enumeration& found) {
  switch (found.live) {
  case cluster::liveness::live:
    return fmt::format("live at {}, epoch {}", found.origin, found.live_epoch.value);
  case cluster::liveness::not_live:
    return "not live";
  case cluster::liveness::unknown:
    break;
  }
  return "unknown whether it is live: the directory has not heard all nodes yet";
}

std::string heading(const std::string& key, const std::string& zone, const cluster::enumeration& found) {
  return fmt::format("{}: {}\nfor an edge {}; list {:016x}\n\n", key, live_line(found),
                     zone.empty() ? "without a zone" : "in zone " + zone, found.digest);
}

bool in_head(const cluster::enumeration& found, const node_id& id) {
  return std::any_of(found.head.begin(), found.head.end(), [&](const auto& r) { return r.id == id; });
}

std::string size_text(const cluster::stream_announcement& s) {
  return s.width == 0 || s.height == 0 ? "" : fmt::format("{}x{}", s.width, s.height);
}

} // namespace

std::string nodes_view(const std::vector<cluster::node_view>& nodes) {
  if (nodes.empty()) return "no nodes\n";
  table out({{"NODE"},
             {"ROLE"},
             {"STATE"},
             {"ZONE"},
             {"WEIGHT", align::right},
             {"EGRESS", align::right},
             {"VIEWERS", align::right},
             {"STREAMS", align::right},
             {"HEARD", align::right},
             {"VERSION"},
             {"ADDRESS"}});
  for (const auto& n : nodes)
    out.row({n.id, std::string(cluster::name(n.role)), std::string(cluster::name(n.state)), n.zone,
             number_text(n.weight), rates(n.load), std::to_string(n.load.viewers),
             std::to_string(n.load.streams), span_text(n.last_heard_ms), n.version,
             n.trunk_address.empty() ? n.public_url : n.trunk_address});
  return out.str();
}

std::string streams_view(const std::vector<cluster::stream_announcement>& streams,
                         std::uint64_t now_unix_ms) {
  if (streams.empty()) return "no streams\n";
  table out(
      {{"STREAM"}, {"STATE"}, {"ORIGIN"}, {"AGE", align::right}, {"VIDEO"}, {"AUDIO"}, {"SIZE"}, {"EPOCH"}});
  for (const auto& s : streams)
    out.row({s.key, std::string(cluster::name(s.state)), s.origin,
             span_text(now_unix_ms - std::min(now_unix_ms, s.since_unix_ms)), s.video, s.audio, size_text(s),
             std::to_string(s.log_epoch.value)});
  return out.str();
}

std::string enumeration_view(const std::string& key, const std::string& zone,
                             const cluster::enumeration& found) {
  auto out = heading(key, zone, found);
  if (found.order.empty()) return out + "no relays\n";
  table ranks({{"RANK", align::right}, {"RELAY"}, {"ZONE"}, {"STATE"}, {"PUSHED"}, {"CHOICE"}, {"ADDRESS"}});
  for (std::size_t i = 0; i < found.order.size(); ++i) {
    const auto& r = found.order[i];
    ranks.row({std::to_string(i + 1), r.id, r.zone, std::string(cluster::name(r.state)),
               in_head(found, r.id) ? "yes" : "", i < found.spread ? "yes" : "", r.trunk_address});
  }
  return out + ranks.str();
}

namespace {

std::string why(const cluster::enumeration& found, std::size_t rank, const std::string& zone,
                const cluster::node_view* node, const cluster::policy& rules) {
  const auto& r = found.order[rank];
  std::vector<std::string> reasons;
  auto drained = std::binary_search(rules.drained.begin(), rules.drained.end(), r.id);
  if (r.state == cluster::relay_state::suspect)
    reasons.push_back(node ? fmt::format("silent for {}: last", span_text(node->last_heard_ms))
                           : "not heard here: last");
  if (r.state == cluster::relay_state::draining)
    reasons.push_back(
        fmt::format("{}: behind every ready relay", drained ? "drained by an operator" : "leaves by itself"));
  if (!zone.empty()) reasons.push_back(r.zone == zone ? "of the asker's zone" : "of another zone");
  if (in_head(found, r.id)) reasons.push_back("among the copies: the origin pushes to it");
  if (rank < found.spread) reasons.push_back("within the spread: edges choose it by load");
  return fmt::format("{}", fmt::join(reasons, "; "));
}

} // namespace

std::string explanation_view(const std::string& key, const std::string& zone,
                             const cluster::enumeration& found, const std::vector<cluster::node_view>& nodes,
                             const cluster::directory_overview& about) {
  const auto& rules = about.rules;
  auto out = heading(key, zone, found);
  if (found.order.empty()) return out + "no relays\n";
  std::map<node_id, const cluster::node_view*> by_id;
  for (const auto& n : nodes)
    by_id.emplace(n.id, &n);
  table ranks({{"RANK", align::right},
               {"RELAY"},
               {"STATE"},
               {"ZONE"},
               {"SCORE", align::right},
               {"WEIGHT", align::right},
               {"EGRESS", align::right},
               {"WHY HERE"}});
  for (std::size_t i = 0; i < found.order.size(); ++i) {
    const auto& r = found.order[i];
    auto at = by_id.find(r.id);
    const auto* node = at == by_id.end() ? nullptr : at->second;
    ranks.row({std::to_string(i + 1), r.id, std::string(cluster::name(r.state)), r.zone, number_text(r.score),
               node ? number_text(node->weight) : "", node ? rates(node->load) : "",
               why(found, i, zone, node, rules)});
  }
  return out + ranks.str() +
         fmt::format(
             "\nOrder: ready before draining before suspect; within each the asker's zone first, then by\n"
             "score ({}). Copies {}; spread {} of {}.\n",
             rules.algorithm, rules.copies, found.spread, rules.spread);
}

} // namespace sluice::roles::ctl
