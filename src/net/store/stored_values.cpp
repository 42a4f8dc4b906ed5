#include "net/store/stored_values.hpp"

#include "cluster/snapshot.hpp"
#include "net/store/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace sluice::net::etcd {

namespace json = boost::json;

namespace {

constexpr auto max_small = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint8_t max_states = 16;

// By its name, so that a state added to the model is known here.
std::optional<cluster::relay_state> state_named(std::string_view text) {
  constexpr auto no_state = static_cast<cluster::relay_state>(0);
  for (std::uint8_t i = 1; i <= max_states; ++i) {
    auto state = static_cast<cluster::relay_state>(i);
    if (cluster::name(state) == text && text != cluster::name(no_state)) return state;
  }
  return std::nullopt;
}

result<void> check(const cluster::relay_entry& relay) {
  if (!valid_node_id(relay.id)) return error{errc::bad_argument, "relay: 'id' is not a node id"};
  if (auto ok = cluster::check_address("relay: 'trunk_address'", relay.trunk_address); !ok) return ok;
  if (auto ok = cluster::check_zone(relay.zone); !ok) return ok;
  return cluster::check_weight(relay.weight);
}

void note_if(json_fields& in, std::string_view field, const result<void>& checked) {
  if (!checked)
    in.note(error{errc::bad_argument, fmt::format("policy: '{}': {}", field, checked.error().message)});
}

node_id read_id(json_fields& in, std::string_view field, const json::value& from) {
  const auto* text = from.if_string();
  node_id id = text ? node_id(text->data(), text->size()) : node_id{};
  if (!valid_node_id(id)) in.wrong(field, "a list of node ids");
  return id;
}

bool few_enough(json_fields& in, std::string_view field, const json::array* items) {
  if (!items) return false;
  if (items->size() <= cluster::max_policy_changes) return true;
  in.note(error{errc::too_large, fmt::format("policy: '{}' has {} entries; at most {}", field, items->size(),
                                             cluster::max_policy_changes)});
  return false;
}

std::vector<node_id> read_drained(json_fields& in) {
  std::vector<node_id> out;
  const auto* items = in.list("drained");
  if (!few_enough(in, "drained", items)) return out;
  for (const auto& item : *items)
    out.push_back(read_id(in, "drained", item));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::pair<node_id, double>> read_weights(json_fields& in) {
  std::vector<std::pair<node_id, double>> out;
  const auto* items = in.list("weights");
  if (!few_enough(in, "weights", items)) return out;
  for (const auto& item : *items) {
    json_fields one(item, "policy: weights");
    auto id = one.text("node");
    auto weight = one.decimal("weight");
    in.note(one.problem());
    if (!valid_node_id(id)) in.wrong("weights", "of node ids");
    note_if(in, "weights", cluster::check_weight(weight));
    out.emplace_back(std::move(id), weight);
  }
  std::sort(out.begin(), out.end());
  auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(out.begin(), out.end(), same) != out.end()) in.wrong("weights", "one weight a node");
  return out;
}

std::vector<std::pair<std::string, std::uint64_t>> read_changes(json_fields& in) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  const auto* items = in.list("changes");
  if (!few_enough(in, "changes", items)) return out;
  for (const auto& item : *items) {
    json_fields one(item, "policy: changes");
    auto what = one.text("what");
    auto version = one.number("version");
    in.note(one.problem());
    out.emplace_back(std::move(what), version);
  }
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

store_keys::store_keys(std::string_view prefix, std::string_view cluster)
    : root_(fmt::format("{}/{}/", prefix, cluster)), relays_(root_ + "relays/"), policy_(root_ + "policy") {}

std::string store_keys::relay(std::string_view relay, std::string_view directory) const {
  return fmt::format("{}{}/{}", relays_, relay, directory);
}

std::optional<store_keys::relay_key> store_keys::parse_relay(std::string_view key) const {
  if (!key.starts_with(relays_)) return std::nullopt;
  key.remove_prefix(relays_.size());
  auto slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto relay = key.substr(0, slash), directory = key.substr(slash + 1);
  if (!valid_node_id(relay) || !valid_node_id(directory)) return std::nullopt;
  return relay_key{node_id(relay), node_id(directory)};
}

std::string value_of(const cluster::relay_entry& relay) {
  json::object out;
  out["id"] = relay.id;
  out["boot_nonce"] = relay.boot_nonce;
  out["trunk_address"] = relay.trunk_address;
  out["zone"] = relay.zone;
  out["weight"] = fmt::format("{}", relay.weight);
  out["state"] = std::string(cluster::name(relay.state));
  return json::serialize(out);
}

result<cluster::relay_entry> relay_from_json(std::string_view text) {
  auto root = parse_json("relay", text);
  if (!root) return root.error();
  json_fields in(*root, "relay");
  for (const auto* field : {"id", "boot_nonce", "trunk_address", "weight", "state"})
    in.need(field);
  cluster::relay_entry relay;
  relay.id = in.text("id");
  relay.boot_nonce = in.number("boot_nonce");
  relay.trunk_address = in.text("trunk_address");
  relay.zone = in.text("zone");
  relay.weight = in.decimal("weight");
  auto state = state_named(in.text("state"));
  if (!state) in.wrong("state", "a relay's state");
  if (in.problem()) return *in.problem();
  relay.state = *state;
  if (auto ok = check(relay); !ok) return ok.error();
  return relay;
}

std::string value_of(const cluster::policy& rules) {
  json::array drained(rules.drained.begin(), rules.drained.end());
  json::array weights;
  for (const auto& [id, weight] : rules.weights)
    weights.push_back(json::object{{"node", id}, {"weight", fmt::format("{}", weight)}});
  json::array changes;
  for (const auto& [what, version] : rules.changes)
    changes.push_back(json::object{{"what", what}, {"version", version}});
  json::object out;
  out["copies"] = rules.copies;
  out["spread"] = rules.spread;
  out["algorithm"] = rules.algorithm;
  out["version"] = rules.version;
  out["drained"] = std::move(drained);
  out["weights"] = std::move(weights);
  out["changes"] = std::move(changes);
  return json::serialize(out);
}

result<cluster::policy> policy_from_json(std::string_view text) {
  auto root = parse_json("policy", text);
  if (!root) return root.error();
  json_fields in(*root, "policy");
  for (const auto* field : {"copies", "spread", "algorithm", "version"})
    in.need(field);
  cluster::policy rules;
  rules.copies = static_cast<std::uint32_t>(in.number("copies", max_small));
  rules.spread = static_cast<std::uint32_t>(in.number("spread", max_small));
  rules.algorithm = in.text("algorithm");
  rules.version = in.number("version");
  rules.drained = read_drained(in);
  rules.weights = read_weights(in);
  rules.changes = read_changes(in);
  if (in.problem()) return *in.problem();
  if (auto ok = cluster::check_policy(rules); !ok)
    return error{ok.error().code, "policy: " + ok.error().message};
  return rules;
}

} // namespace sluice::net::etcd
