#include "roles/ctl/json.hpp"

#include "net/http/api_json.hpp"

#include <fmt/format.h>

#include <map>

namespace sluice::roles::ctl {

namespace json = boost::json;

json::value streams_json(const std::vector<cluster::stream_announcement>& streams) {
  json::array list;
  for (const auto& s : streams)
    list.push_back(net::announcement_json(s));
  return json::object{{"streams", std::move(list)}};
}

json::value thaw_json(bool thawed, const std::vector<plane::directory_status>& directories) {
  return json::object{{"thawed", thawed}, {"unreached", net::unreached_json(directories)}};
}

json::value policy_json(const cluster::directory_overview& about) {
  const auto& rules = about.rules;
  json::object weights;
  for (const auto& [id, weight] : rules.weights)
    weights[id] = weight;
  // 64-bit numbers travel as text, as everywhere in the API.
  return json::object{{"copies", rules.copies},
                      {"spread", rules.spread},
                      {"algorithm", rules.algorithm},
                      {"version", std::to_string(rules.version)},
                      {"drained", json::array(rules.drained.begin(), rules.drained.end())},
                      {"weights", std::move(weights)},
                      {"directory", about.at.directory},
                      {"digest", fmt::format("{:016x}", about.digest)},
                      {"warming", about.warming},
                      {"frozen", about.frozen},
                      {"store", !about.has_store   ? "memory"
                                : about.store_lost ? "stale"
                                                   : "fresh"}};
}

json::value explanation_json(json::value enumeration, const json::value& nodes,
                             const cluster::directory_overview& about) {
  std::map<std::string_view, const json::value*> by_id;
  for (const auto& n : nodes.at("nodes").as_array())
    by_id.emplace(n.at("id").as_string(), &n);
  auto& out = enumeration.as_object();
  for (auto& rank : out["order"].as_array()) {
    auto found = by_id.find(rank.at("id").as_string());
    rank.as_object()["node"] = found == by_id.end() ? json::value(nullptr) : *found->second;
  }
  out["policy"] = policy_json(about);
  return enumeration;
}

} // namespace sluice::roles::ctl
