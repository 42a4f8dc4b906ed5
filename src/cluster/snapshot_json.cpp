#include "cluster/snapshot.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace sluice::cluster {

namespace json = boost::json;

namespace {

constexpr std::uint64_t format_version = 1;

error bad(std::string message) {
  return {errc::malformed, std::move(message)};
}

/// Reads the fields of one object and keeps the first that is missing or wrong.
class field_reader {
public:
  field_reader(const json::value& from, std::string where) : where_(std::move(where)) {
    object_ = from.if_object();
    if (!object_) problem_ = fmt::format("{} is not an object", where_);
  }

  std::string text(std::string_view field) {
    auto* value = find(field);
    auto* found = value ? value->if_string() : nullptr;
    if (value && !found) wrong(field, "a text");
    return found ? std::string(found->data(), found->size()) : std::string{};
  }

  std::uint64_t number(std::string_view field, std::uint64_t limit) {
    auto* value = find(field);
    if (!value) return 0;
    std::optional<std::uint64_t> found;
    if (auto* plain = value->if_uint64()) found = *plain;
    if (auto* plain = value->if_int64(); plain && *plain >= 0) found = static_cast<std::uint64_t>(*plain);
    if (!found || *found > limit) wrong(field, fmt::format("a whole number up to {}", limit));
    return found.value_or(0);
  }

  /// Weights travel as text: this JSON parser is not exact in the last bit, and the digest would tell.
  double decimal(std::string_view field) {
    auto digits = text(field);
    double out = 0;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (failure != std::errc{} || end != digits.data() + digits.size())
      wrong(field, "a text with a decimal number");
    return out;
  }

  const json::value* find(std::string_view field) {
    auto* value = object_ ? object_->if_contains({field.data(), field.size()}) : nullptr;
    if (object_ && !value) note(fmt::format("{} has no '{}'", where_, field));
    return value;
  }

  void wrong(std::string_view field, std::string_view expected) {
    note(fmt::format("{}: '{}' is not {}", where_, field, expected));
  }

  [[nodiscard]] const std::optional<std::string>& problem() const noexcept { return problem_; }

private:
  void note(std::string message) {
    if (!problem_) problem_ = std::move(message);
  }

  const json::object* object_ = nullptr;
  std::string where_;
  std::optional<std::string> problem_;
};

std::optional<relay_state> state_named(std::string_view text) {
  for (auto state : {relay_state::ready, relay_state::joining, relay_state::draining, relay_state::failing,
                     relay_state::suspect})
    if (name(state) == text) return state;
  return std::nullopt;
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
  if (in.problem()) return bad(*in.problem());
  relay.state = *state;
  return relay;
}

/// The list below `field`, when it is one of at most `limit` items.
const json::array* list_in(field_reader& in, std::string_view field, std::size_t limit) {
  auto* value = in.find(field);
  auto* items = value ? value->if_array() : nullptr;
  if (value && (!items || items->size() > limit)) in.wrong(field, fmt::format("a list of at most {}", limit));
  return items && items->size() <= limit ? items : nullptr;
}

result<policy> read_policy(const json::value& from) {
  field_reader in(from, "policy");
  policy rules;
  rules.copies = static_cast<std::uint32_t>(in.number("copies", UINT32_MAX));
  rules.spread = static_cast<std::uint32_t>(in.number("spread", UINT32_MAX));
  rules.algorithm = in.text("algorithm");
  rules.version = in.number("version", max_policy_version);
  if (auto* drained = list_in(in, "drained", max_policy_nodes))
    for (auto& id : *drained) {
      if (!id.is_string()) return bad("policy: 'drained' holds something else than node ids");
      rules.drained.emplace_back(id.get_string().data(), id.get_string().size());
    }
  if (auto* weights = list_in(in, "weights", max_policy_nodes))
    for (auto& item : *weights) {
      field_reader one(item, fmt::format("policy: weight {}", rules.weights.size()));
      auto id = one.text("id");
      auto weight = one.decimal("weight");
      if (one.problem()) return bad(*one.problem());
      rules.weights.emplace_back(std::move(id), weight);
    }
  if (auto* changes = list_in(in, "changes", max_policy_changes))
    for (auto& item : *changes) {
      field_reader one(item, fmt::format("policy: change {}", rules.changes.size()));
      auto what = one.text("what");
      auto version = one.number("version", max_policy_version);
      if (one.problem()) return bad(*one.problem());
      rules.changes.emplace_back(std::move(what), version);
    }
  if (in.problem()) return bad(*in.problem());
  return rules;
}

result<std::vector<relay_entry>> read_relays(const json::value& from) {
  auto* items = from.if_array();
  if (!items) return bad("'relays' is not a list");
  if (items->size() > max_relays)
    return error{errc::too_large, fmt::format("{} relays; at most {}", items->size(), max_relays)};
  std::vector<relay_entry> relays;
  relays.reserve(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto relay = read_relay((*items)[i], fmt::format("relay {}", i));
    if (!relay) return relay.error();
    relays.push_back(std::move(*relay));
  }
  return relays;
}

json::object write_relay(const relay_entry& relay) {
  json::object out;
  out["id"] = relay.id;
  out["boot_nonce"] = relay.boot_nonce;
  out["trunk_address"] = relay.trunk_address;
  out["zone"] = relay.zone;
  out["weight"] = fmt::format("{}", relay.weight);
  out["state"] = std::string(name(relay.state));
  return out;
}

json::object write_policy(const policy& from) {
  json::array drained, weights, changes;
  for (auto& id : from.drained)
    drained.emplace_back(id);
  for (auto& [id, weight] : from.weights)
    weights.push_back(json::object{{"id", id}, {"weight", fmt::format("{}", weight)}});
  for (auto& [what, version] : from.changes)
    changes.push_back(json::object{{"what", what}, {"version", version}});
  json::object out;
  out["copies"] = from.copies;
  out["spread"] = from.spread;
  out["algorithm"] = from.algorithm;
  out["version"] = from.version;
  out["drained"] = std::move(drained);
  out["weights"] = std::move(weights);
  out["changes"] = std::move(changes);
  return out;
}

result<snapshot> read_snapshot(const json::value& from) {
  field_reader in(from, "snapshot");
  if (in.number("format", UINT64_MAX) != format_version) in.wrong("format", "1, the only one known");
  snapshot list;
  list.digest = in.number("digest", UINT64_MAX);
  auto* rules = in.find("policy");
  auto* relays = in.find("relays");
  if (in.problem()) return bad(*in.problem());
  auto read_rules = read_policy(*rules);
  if (!read_rules) return read_rules.error();
  auto read = read_relays(*relays);
  if (!read) return read.error();
  list.rules = std::move(*read_rules);
  list.relays = std::move(*read);
  return list;
}

result<json::value> parse(std::string_view text) {
  if (text.size() > max_snapshot_json)
    return error{errc::too_large, fmt::format("{} bytes; at most {}", text.size(), max_snapshot_json)};
  boost::system::error_code failure;
  auto root = json::parse(json::string_view{text.data(), text.size()}, failure);
  if (failure) return bad("not JSON: " + failure.message());
  return root;
}

} // namespace

std::string to_json(const snapshot& list) {
  json::array relays;
  for (auto& relay : list.relays)
    relays.push_back(write_relay(relay));
  json::object out;
  out["format"] = format_version;
  out["digest"] = list.digest;
  out["policy"] = write_policy(list.rules);
  out["relays"] = std::move(relays);
  return json::serialize(out);
}

result<snapshot> snapshot_from_json(std::string_view text) {
  auto root = parse(text);
  if (!root) return root.error();
  auto list = read_snapshot(*root);
  if (!list) return list.error();
  if (auto ok = validate(*list); !ok) return ok.error();
  return list;
}

} // namespace sluice::cluster
