#include "net/http/api_json.hpp"

#include "base/unix_time.hpp"

#include <map>

namespace sluice::net {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

void add_size(json::object& out, std::uint32_t width, std::uint32_t height) {
  if (width == 0 || height == 0) return;
  out["width"] = width;
  out["height"] = height;
}

// 64-bit numbers travel as text: a browser's numbers end at 2^53.
std::string epoch_text(epoch e) {
  return std::to_string(e.value);
}

std::string_view state_of(const stream_status& s) {
  if (s.orphaned_since != 0) return "orphaned";
  return s.last_beat && !s.last_beat->publisher_live ? "paused" : "live";
}

json::object local_stream(const stream_status& s) {
  json::object out{{"key", s.key},
                   {"state", state_of(s)},
                   {"epoch", epoch_text(s.log_epoch)},
                   {"origin", s.path.empty() ? json::value(nullptr) : json::value(s.path.front())},
                   {"since_unix_ms", s.log_epoch.unix_ms()},
                   {"video", text_or_null(s.video)},
                   {"audio", text_or_null(s.audio)}};
  add_size(out, s.width, s.height);
  return out;
}

} // namespace

json::object announcement_json(const cluster::stream_announcement& s) {
  json::object out{{"key", s.key},
                   {"state", s.state == cluster::publisher_state::live ? "live" : "paused"},
                   {"epoch", epoch_text(s.log_epoch)},
                   {"origin", s.origin},
                   {"since_unix_ms", s.since_unix_ms},
                   {"video", text_or_null(s.video)},
                   {"audio", text_or_null(s.audio)}};
  add_size(out, s.width, s.height);
  return out;
}

json::value streams_json(const plane::stream_list* all, const std::vector<stream_status>& here) {
  std::map<std::string, json::object> rows;
  if (all)
    for (const auto& s : all->streams)
      rows[s.key] = announcement_json(s);
  for (const auto& s : here) {
    auto& row = rows.try_emplace(s.key, local_stream(s)).first->second;
    row["viewers"] = s.viewers;
  }
  json::array list;
  for (auto& [key, row] : rows) {
    if (!row.contains("viewers")) row["viewers"] = 0;
    list.push_back(std::move(row));
  }
  return json::object{{"directory", all ? (all->fresh ? "fresh" : "stale") : "none"},
                      {"streams", std::move(list)}};
}

json::value stream_json(const node_id& node, const std::string& zone, const stream_key& key,
                        const stream_status& here, cluster::liveness live) {
  json::object out{{"key", key.str()}, {"node", node}, {"zone", zone}, {"now_unix_ms", unix_ms_now()}};
  if (!here.live) {
    out["state"] = live == cluster::liveness::live ? "live" : "unknown";
    for (const auto* name : {"epoch", "newest", "video", "audio", "upstream"})
      out[name] = nullptr;
    out["path"] = json::array{};
    out["viewers"] = 0;
    return out;
  }
  out["state"] = state_of(here);
  out["epoch"] = epoch_text(here.log_epoch);
  out["newest"] = nullptr;
  if (here.last_beat)
    out["newest"] = json::object{{"timestamp_ms", here.last_beat->newest.timestamp},
                                 {"unix_ms", here.last_beat->newest.unix_ms}};
  out["video"] = text_or_null(here.video);
  out["audio"] = text_or_null(here.audio);
  add_size(out, here.width, here.height);
  out["path"] = json::array(here.path.begin(), here.path.end());
  out["feeder"] = here.feeder_kind;
  out["upstream"] = text_or_null(here.upstream);
  json::array ways;
  for (const auto& way : here.ways)
    ways.push_back(json::array(way.begin(), way.end()));
  out["ways"] = std::move(ways);
  out["orphaned_since_unix_ms"] =
      here.orphaned_since ? json::value(here.orphaned_since) : json::value(nullptr);
  out["first"] = here.first;
  out["head"] = here.head;
  out["retained_bytes"] = here.retained;
  out["viewers"] = here.viewers;
  return out;
}

namespace {

json::array ranked(const std::vector<cluster::ranked_relay>& relays) {
  json::array out;
  for (const auto& r : relays)
    out.push_back(json::object{{"id", r.id},
                               {"trunk", r.trunk_address},
                               {"zone", r.zone},
                               {"state", cluster::name(r.state)},
                               {"score", r.score},
                               {"weight", r.weight},
                               {"load", r.load}});
  return out;
}

} // namespace

json::value enumeration_json(const stream_key& key, const std::string& zone, const cluster::enumeration& e) {
  return json::object{{"key", key.str()},
                      {"zone", zone},
                      {"live", cluster::name(e.live)},
                      {"epoch", e.live_epoch ? json::value(epoch_text(e.live_epoch)) : json::value(nullptr)},
                      {"origin", text_or_null(e.origin)},
                      {"head", ranked(e.head)},
                      {"order", ranked(e.order)},
                      {"spread", e.spread},
                      {"digest", fmt::format("{:016x}", e.digest)},
                      {"stale", e.stale}};
}

json::array unreached_json(const std::vector<plane::directory_status>& directories) {
  json::array out;
  for (const auto& d : directories)
    if (!d.connected) out.push_back(json::object{{"directory", d.address}, {"why", d.problem}});
  return out;
}

json::value nodes_json(const std::vector<cluster::node_view>& nodes,
                       const std::vector<plane::directory_status>& directories) {
  json::array list;
  for (const auto& n : nodes)
    list.push_back(json::object{{"id", n.id},
                                {"role", cluster::name(n.role)},
                                {"state", cluster::name(n.state)},
                                {"zone", n.zone},
                                {"trunk", text_or_null(n.trunk_address)},
                                {"url", text_or_null(n.public_url)},
                                {"version", n.version},
                                {"weight", n.weight},
                                {"last_heard_ms", n.last_heard_ms},
                                {"viewers", n.load.viewers},
                                {"streams", n.load.streams},
                                {"pulls", n.load.pulls},
                                {"egress_bps", n.load.egress_bps},
                                {"capacity_bps", n.load.capacity_bps},
                                {"cpu_permille", n.load.cpu_permille},
                                {"loop_lag_us", n.load.loop_lag_us},
                                {"load", n.load_level},
                                {"drained", n.drained},
                                {"failing_for", json::array(n.failing_for.begin(), n.failing_for.end())},
                                {"elsewhere", n.elsewhere},
                                {"heard_by", json::array(n.heard_by.begin(), n.heard_by.end())}});
  return json::object{{"nodes", std::move(list)}, {"unreached", unreached_json(directories)}};
}

namespace {

// A TLS terminator may stand before an origin.
bool takes_rtmp(std::string_view url) {
  return url.starts_with("rtmp://") || url.starts_with("rtmps://");
}

} // namespace

json::value publish_json(const std::string& own, const std::vector<cluster::node_view>& nodes) {
  json::array list;
  if (!own.empty()) list.emplace_back(own);
  for (const auto& n : nodes)
    if (n.role == cluster::node_role::origin && n.state == cluster::relay_state::ready &&
        takes_rtmp(n.public_url) && n.public_url != own)
      list.emplace_back(n.public_url);
  return json::object{{"rtmp", std::move(list)}};
}

json::value edges_json(const std::vector<cluster::node_view>& nodes) {
  json::array list;
  for (const auto& n : nodes)
    if (n.role == cluster::node_role::edge && n.state == cluster::relay_state::ready && !n.public_url.empty())
      list.push_back(json::object{{"id", n.id}, {"url", n.public_url}});
  return json::object{{"edges", std::move(list)}};
}

} // namespace sluice::net
