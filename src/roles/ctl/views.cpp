#include "roles/ctl/views.hpp"

#include "cluster/policy.hpp"
#include "roles/ctl/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice::roles::ctl {

namespace {

/// Of a relay, in sixteenths of its capacity.
std::string load_text(std::uint8_t level) {
  return fmt::format("{} %", level * 100 / 16);
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

// What a reader must know before trusting the rest.
std::string state_lines(const cluster::directory_overview& about) {
  std::string out;
  if (about.warming) out += "note: the directory has just started; nodes may be missing\n";
  if (about.frozen)
    out += "note: frozen: most relays fell silent at once and are kept; sluice ctl thaw ends it\n";
  if (about.store_lost) out += "note: stale: the store does not answer; what it listed is its last word\n";
  return out;
}

bool in_head(const cluster::enumeration& found, const node_id& id) {
  return std::any_of(found.head.begin(), found.head.end(), [&](const auto& r) { return r.id == id; });
}

std::string size_text(const cluster::stream_announcement& s) {
  return s.width == 0 || s.height == 0 ? "" : fmt::format("{}x{}", s.width, s.height);
}

} // namespace

std::string nodes_view(const std::vector<cluster::node_view>& nodes,
                       const std::vector<plane::directory_status>& directories) {
  auto answered = std::count_if(directories.begin(), directories.end(), [](auto& d) { return d.connected; });
  table out({{"NODE"},
             {"ROLE"},
             {"STATE"},
             {"ZONE"},
             {"WEIGHT", align::right},
             {"LOAD", align::right},
             {"EGRESS", align::right},
             {"VIEWERS", align::right},
             {"PULLS", align::right},
             {"STREAMS", align::right},
             {"CPU", align::right},
             {"LAG", align::right},
             {"HEARD", align::right},
             {"BY", align::right},
             {"VERSION"},
             {"ADDRESS"}});
  for (const auto& n : nodes) {
    bool relay = n.role == cluster::node_role::relay;
    out.row({n.id, std::string(cluster::name(n.role)), std::string(cluster::name(n.state)), n.zone,
             relay ? number_text(n.weight) : "", relay ? load_text(n.load_level) : "",
             rate_text(n.load.egress_bps), std::to_string(n.load.viewers), std::to_string(n.load.pulls),
             std::to_string(n.load.streams), fmt::format("{} %", n.load.cpu_permille / 10),
             fmt::format("{:.1f} ms", n.load.loop_lag_us / 1000.0),
             n.elsewhere ? "elsewhere" : span_text(n.last_heard_ms),
             fmt::format("{}/{}", n.heard_by.size(), answered), n.version,
             n.trunk_address.empty() ? n.public_url : n.trunk_address});
  }
  for (const auto& d : directories)
    if (!d.connected)
      out.row({"?", std::string(cluster::name(cluster::node_role::directory)), "unreached", "", "", "", "",
               "", "", "", "", "", "", "", "", d.address});
  return out.empty() ? "no nodes\n" : out.str();
}

std::string thaw_view(bool thawed, const std::vector<plane::directory_status>& directories) {
  std::string out = thawed ? "thawed: relays that are not heard expire\n" : "nothing was frozen\n";
  for (const auto& d : directories)
    if (!d.connected) out += fmt::format("note: not told, it may stay frozen: {}\n", d.problem);
  return out;
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

/// Why its state ranks it where it does; empty for a ready one.
std::string state_reason(const cluster::ranked_relay& relay, const cluster::node_view* node,
                         const cluster::policy& rules) {
  switch (relay.state) {
  case cluster::relay_state::ready:
    break;
  case cluster::relay_state::joining:
    return "has just joined: behind every ready relay";
  case cluster::relay_state::draining:
    return fmt::format("{}: behind every ready relay",
                       cluster::is_drained(rules, relay.id) ? "drained by an operator" : "leaves by itself");
  case cluster::relay_state::failing:
    return node && !node->failing_for.empty()
               ? fmt::format("fails for {}: next to last", fmt::join(node->failing_for, ", "))
               : "fails for the nodes that use it: next to last";
  case cluster::relay_state::suspect:
    return node ? fmt::format("silent for {}: last", span_text(node->last_heard_ms)) : "silent: last";
  }
  return {};
}

std::string why(const cluster::enumeration& found, std::size_t rank, const std::string& zone,
                const cluster::node_view* node, const cluster::policy& rules) {
  const auto& r = found.order[rank];
  std::vector<std::string> reasons;
  if (auto state = state_reason(r, node, rules); !state.empty()) reasons.push_back(state);
  if (!zone.empty()) reasons.push_back(r.zone == zone ? "of the asker's zone" : "of another zone");
  if (in_head(found, r.id)) reasons.push_back("among the copies: the origin pushes to it");
  if (rank < found.spread) reasons.push_back("within the spread: edges choose it by load");
  if (r.state == cluster::relay_state::ready && node && !node->failing_for.empty())
    reasons.push_back(fmt::format("fails for {} alone, which does not count yet", node->failing_for.front()));
  if (reasons.empty()) reasons.push_back("by its score");
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
               number_text(r.weight), load_text(r.load), why(found, i, zone, node, rules)});
  }
  return out + ranks.str() +
         fmt::format("\nOrder: ready, joining, draining, failing, suspect; within each the asker's zone "
                     "first, then the\n"
                     "copies, then by score ({}). Copies: {}. Edges choose among the first {}: {}.\n",
                     rules.algorithm, rules.copies, found.spread,
                     found.spread > rules.spread
                         ? fmt::format("the policy's spread is {}, and there is more demand", rules.spread)
                         : fmt::format("the policy's spread is {}", rules.spread)) +
         state_lines(about);
}

std::string policy_view(const cluster::directory_overview& about, std::uint64_t now_unix_ms) {
  const auto& rules = about.rules;
  auto changed_ms = rules.version / 1000;
  auto changed = rules.version == 0 ? std::string("never: as the directories were started")
                                    : span_text(now_unix_ms - std::min(now_unix_ms, changed_ms)) + " ago";
  std::string weights;
  for (const auto& [id, weight] : rules.weights)
    weights += fmt::format("{}{} {}", weights.empty() ? "" : ", ", id, number_text(weight));
  auto line = [](std::string_view name, std::string_view value) {
    return fmt::format("{:<10} {}\n", name, value.empty() ? "-" : value);
  };
  auto out = line("copies", fmt::format("{}", rules.copies)) +
             line("spread", fmt::format("{}", rules.spread)) + line("algorithm", rules.algorithm) +
             line("drained", fmt::format("{}", fmt::join(rules.drained, ", "))) + line("weights", weights) +
             line("changed", changed) + line("directory", about.at.directory);
  return out + state_lines(about);
}

} // namespace sluice::roles::ctl
