#include "cluster/model_json.hpp"

#include "cluster/field_reader.hpp"
#include "cluster/policy.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace json = boost::json;

namespace {

std::optional<relay_state> state_named(std::string_view text) {
  for (auto state : {relay_state::ready, relay_state::joining, relay_state::draining, relay_state::failing,
                     relay_state::suspect})
    if (name(state) == text) return state;
  return std::nullopt;
}

std::vector<node_id> ids_in(field_reader& in, std::string_view field) {
  std::vector<node_id> out;
  if (auto* items = in.list(field, max_policy_nodes))
    for (auto& item : *items) {
      auto* id = item.if_string();
      if (!id) in.wrong(field, "a list of node ids");
      out.emplace_back(id ? node_id(id->data(), id->size()) : node_id{});
    }
  std::sort(out.begin(), out.end());
  return out;
}

/// What `read` makes of each item below `field`: pairs, sorted by the first of each.
template <class Read>
auto pairs_in(field_reader& in, std::string_view field, std::size_t most, Read read) {
  std::vector<decltype(read(in))> out;
  if (auto* items = in.list(field, most))
    for (auto& item : *items) {
      field_reader one(item, fmt::format("policy: {}[{}]", field, out.size()));
      out.push_back(read(one));
      in.note(one.problem());
    }
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.first < b.first; });
  return out;
}

} // namespace

json::object json_of(const relay_entry& relay) {
  json::object out;
  out["id"] = relay.id;
  out["boot_nonce"] = relay.boot_nonce;
  out["trunk_address"] = relay.trunk_address;
  out["zone"] = relay.zone;
  out["weight"] = fmt::format("{}", relay.weight);
  out["state"] = std::string(name(relay.state));
  return out;
}

result<relay_entry> read_relay(const json::value& from, std::string where) {
  field_reader in(from, std::move(where));
  relay_entry relay;
  relay.id = in.text("id");
  relay.boot_nonce = in.number("boot_nonce", UINT64_MAX);
  relay.trunk_address = in.text("trunk_address");
  relay.zone = in.text("zone");
  relay.weight = in.decimal("weight");
  auto state = state_named(in.text("state"));
  if (!state) in.wrong("state", "ready, joining, draining, failing or suspect");
  if (in.problem()) return *in.problem();
  relay.state = *state;
  return relay;
}

json::object json_of(const policy& rules) {
  json::array weights, changes;
  for (auto& [id, weight] : rules.weights)
    weights.push_back(json::object{{"id", id}, {"weight", fmt::format("{}", weight)}});
  for (auto& [what, version] : rules.changes)
    changes.push_back(json::object{{"what", what}, {"version", version}});
  json::object out;
  out["copies"] = rules.copies;
  out["spread"] = rules.spread;
  out["algorithm"] = rules.algorithm;
  out["version"] = rules.version;
  out["drained"] = json::array(rules.drained.begin(), rules.drained.end());
  out["weights"] = std::move(weights);
  out["changes"] = std::move(changes);
  return out;
}

result<policy> read_policy(const json::value& from) {
  field_reader in(from, "policy");
  policy rules;
  rules.copies = static_cast<std::uint32_t>(in.number("copies", UINT32_MAX));
  rules.spread = static_cast<std::uint32_t>(in.number("spread", UINT32_MAX));
  rules.algorithm = in.text("algorithm");
  rules.version = in.number("version", max_policy_version);
  rules.drained = ids_in(in, "drained");
  rules.weights = pairs_in(in, "weights", max_policy_nodes, [](field_reader& one) {
    auto id = one.text("id");
    return std::pair(std::move(id), one.decimal("weight"));
  });
  rules.changes = pairs_in(in, "changes", max_policy_changes, [](field_reader& one) {
    auto what = one.text("what");
    return std::pair(std::move(what), one.number("version", max_policy_version));
  });
  if (in.problem()) return *in.problem();
  return rules;
}

} // namespace sluice::cluster
