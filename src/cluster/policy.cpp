#include "cluster/policy.hpp"

#include "cluster/algorithm.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace {

const node_id& id_of(const node_id& id) noexcept {
  return id;
}
template <class Value>
const std::string& id_of(const std::pair<std::string, Value>& item) noexcept {
  return item.first;
}

/// The item of `id` in a sorted list, or where it belongs.
template <class List>
auto position(List& sorted, std::string_view id) noexcept {
  return std::lower_bound(sorted.begin(), sorted.end(), id,
                          [](const auto& item, std::string_view wanted) { return id_of(item) < wanted; });
}

template <class List>
auto find(List& sorted, std::string_view id) noexcept {
  auto at = position(sorted, id);
  return at != sorted.end() && id_of(*at) == id ? at : sorted.end();
}

template <class List>
result<void> check_nodes(std::string_view field, const List& nodes) {
  if (nodes.size() > max_policy_nodes)
    return error{errc::too_large,
                 fmt::format("{}: {} nodes; at most {}", field, nodes.size(), max_policy_nodes)};
  const node_id* previous = nullptr;
  for (auto& item : nodes) {
    auto& id = id_of(item);
    if (!valid_node_id(id))
      return error{errc::bad_argument,
                   fmt::format("{}: '{}' is not a node id: 1 to 64 letters, digits, . _ -", field,
                               id.substr(0, max_node_id))};
    if (previous && *previous >= id)
      return error{errc::malformed,
                   fmt::format("{}: '{}' after '{}'; ids ascend, none twice", field, id, *previous)};
    previous = &id;
  }
  return {};
}

constexpr std::string_view drain_of = "drain/", weight_of = "weight/";

void set_drained(policy& rules, const node_id& id, bool drained) {
  auto at = position(rules.drained, id);
  bool listed = at != rules.drained.end() && *at == id;
  if (drained && !listed) rules.drained.insert(at, id);
  if (!drained && listed) rules.drained.erase(at);
}

void set_weight(policy& rules, const node_id& id, std::optional<double> weight) {
  auto at = position(rules.weights, id);
  if (at != rules.weights.end() && at->first == id) at = rules.weights.erase(at);
  if (weight) rules.weights.insert(at, {id, *weight});
}

std::optional<double> weight_in(const policy& rules, std::string_view id) noexcept {
  auto at = find(rules.weights, id);
  return at == rules.weights.end() ? std::nullopt : std::optional(at->second);
}

/// The part of `what` behind `prefix`; empty when it begins otherwise.
std::string_view node_in(std::string_view what, std::string_view prefix) noexcept {
  return what.starts_with(prefix) ? what.substr(prefix.size()) : std::string_view{};
}

bool names_something(std::string_view what) noexcept {
  if (what == "copies" || what == "spread" || what == "algorithm") return true;
  return valid_node_id(node_in(what, drain_of)) || valid_node_id(node_in(what, weight_of));
}

/// What was decided, as a text that only orders; empty for what was taken back.
std::string decision(const policy& rules, std::string_view what) {
  if (what == "copies") return std::to_string(rules.copies);
  if (what == "spread") return std::to_string(rules.spread);
  if (what == "algorithm") return rules.algorithm;
  if (auto id = node_in(what, drain_of); !id.empty()) return is_drained(rules, id) ? "drained" : "";
  auto weight = weight_in(rules, node_in(what, weight_of));
  return weight ? fmt::format("{}", *weight) : "";
}

void take_over(policy& to, const policy& from, std::string_view what) {
  if (what == "copies") to.copies = from.copies;
  if (what == "spread") to.spread = from.spread;
  if (what == "algorithm") to.algorithm = from.algorithm;
  if (auto id = node_in(what, drain_of); !id.empty()) set_drained(to, node_id(id), is_drained(from, id));
  if (auto id = node_in(what, weight_of); !id.empty()) set_weight(to, node_id(id), weight_in(from, id));
}

std::uint64_t version_of(const policy& rules, std::string_view what) noexcept {
  auto at = find(rules.changes, what);
  return at == rules.changes.end() ? 0 : at->second;
}

void note_change(policy& rules, const std::string& what, std::uint64_t version) {
  rules.version = std::max(rules.version, version);
  auto at = position(rules.changes, what);
  if (at != rules.changes.end() && at->first == what)
    at->second = version;
  else
    rules.changes.insert(at, {what, version});
}

/// Of more changes than there may be the oldest of those taken back; by nothing but what they are, so that
/// all who have heard the same forget the same.
void forget_oldest(policy& rules) {
  if (rules.changes.size() <= max_policy_changes) return;
  std::vector<std::pair<std::uint64_t, std::string>> taken_back;
  for (auto& [what, version] : rules.changes)
    if (decision(rules, what).empty()) taken_back.emplace_back(version, what);
  std::sort(taken_back.begin(), taken_back.end());
  taken_back.resize(std::min(taken_back.size(), rules.changes.size() - max_policy_changes));
  std::erase_if(rules.changes, [&](auto& one) {
    return std::binary_search(taken_back.begin(), taken_back.end(), std::pair(one.second, one.first));
  });
}

bool is_later(const policy& a, const policy& b, const std::string& what, std::uint64_t version_in_a) {
  auto known = version_of(b, what);
  return version_in_a > known || (version_in_a == known && decision(a, what) > decision(b, what));
}

/// `changed`, which may differ from `before` in `what`, with the version of a change made now, once it was
/// checked.
result<policy> stamped(policy changed, const policy& before, const std::string& what,
                       std::uint64_t now_unix_us) {
  // What every directory was started with may differ: a decision counts although it changes nothing here.
  bool first = version_of(before, what) == 0 && !decision(changed, what).empty();
  if (changed != before || first) note_change(changed, what, std::max(now_unix_us, before.version + 1));
  forget_oldest(changed);
  if (auto ok = check_policy(changed); !ok) return ok.error();
  return changed;
}

result<void> check_changes(const policy& rules) {
  if (rules.changes.size() > max_policy_changes)
    return error{errc::too_large,
                 fmt::format("changes: {} entries; at most {}", rules.changes.size(), max_policy_changes)};
  const std::string* previous = nullptr;
  for (auto& [what, version] : rules.changes) {
    if (!names_something(what))
      return error{errc::bad_argument, fmt::format("changes: '{}' is nothing that a policy decides",
                                                   what.substr(0, weight_of.size() + max_node_id))};
    if (previous && *previous >= what)
      return error{errc::malformed,
                   fmt::format("changes: '{}' after '{}'; names ascend, none twice", what, *previous)};
    if (version == 0 || version > rules.version)
      return error{errc::bad_argument, fmt::format("changes: {}: version {} is not within 1 and {}", what,
                                                   version, rules.version)};
    previous = &what;
  }
  return {};
}

} // namespace

result<void> check_weight(double weight) {
  if (weight >= min_weight && weight <= max_weight) return {};
  return error{errc::bad_argument,
               fmt::format("weight {} is not within {} and {}", weight, min_weight, max_weight)};
}

result<void> check_policy(const policy& rules) {
  if (auto known = find_algorithm(rules.algorithm); !known) return known.error();
  return check_policy_in_force(rules);
}

result<void> check_policy_in_force(const policy& rules) {
  if (rules.copies < 1 || rules.copies > max_copies)
    return error{errc::bad_argument,
                 fmt::format("copies {} is not within 1 and {}", rules.copies, max_copies)};
  if (rules.spread < 1 || rules.spread > max_spread)
    return error{errc::bad_argument,
                 fmt::format("spread {} is not within 1 and {}", rules.spread, max_spread)};
  if (rules.version > max_policy_version)
    return error{errc::bad_argument,
                 fmt::format("version {}: unix microseconds, at most {}", rules.version, max_policy_version)};
  if (!valid_node_id(rules.algorithm))
    return error{errc::bad_argument, fmt::format("algorithm '{}': at most 64 letters, digits, . _ -",
                                                 rules.algorithm.substr(0, max_node_id))};
  if (auto ok = check_nodes("drained", rules.drained); !ok) return ok;
  if (auto ok = check_nodes("weights", rules.weights); !ok) return ok;
  for (auto& [id, weight] : rules.weights)
    if (auto ok = check_weight(weight); !ok)
      return error{ok.error().code, fmt::format("weights: {}: {}", id, ok.error().message)};
  return check_changes(rules);
}

policy merged(policy mine, const policy& theirs) {
  for (auto& [what, version] : theirs.changes) {
    if (!is_later(theirs, mine, what, version)) continue;
    take_over(mine, theirs, what);
    note_change(mine, what, version);
  }
  forget_oldest(mine);
  return mine;
}

bool supersedes(const policy& a, const policy& b) {
  return merged(b, a) != b;
}

bool is_drained(const policy& rules, std::string_view id) noexcept {
  return find(rules.drained, id) != rules.drained.end();
}

relay_state state_under(const policy& rules, const relay_entry& relay) noexcept {
  bool overruled = relay.state < relay_state::draining && is_drained(rules, relay.id);
  return overruled ? relay_state::draining : relay.state;
}

double weight_under(const policy& rules, const relay_entry& relay) noexcept {
  return weight_in(rules, relay.id).value_or(relay.weight);
}

result<policy> with_drained(const policy& rules, const node_id& id, bool drained, std::uint64_t now_unix_us) {
  auto changed = rules;
  set_drained(changed, id, drained);
  return stamped(std::move(changed), rules, std::string(drain_of) + id, now_unix_us);
}

result<policy> with_weight(const policy& rules, const node_id& id, std::optional<double> weight,
                           std::uint64_t now_unix_us) {
  auto changed = rules;
  set_weight(changed, id, weight);
  return stamped(std::move(changed), rules, std::string(weight_of) + id, now_unix_us);
}

result<policy> with_copies(const policy& rules, std::uint32_t copies, std::uint64_t now_unix_us) {
  auto changed = rules;
  changed.copies = copies;
  return stamped(std::move(changed), rules, "copies", now_unix_us);
}

result<policy> with_spread(const policy& rules, std::uint32_t spread, std::uint64_t now_unix_us) {
  auto changed = rules;
  changed.spread = spread;
  return stamped(std::move(changed), rules, "spread", now_unix_us);
}

result<policy> with_algorithm(const policy& rules, std::string algorithm, std::uint64_t now_unix_us) {
  auto changed = rules;
  changed.algorithm = std::move(algorithm);
  return stamped(std::move(changed), rules, "algorithm", now_unix_us);
}

} // namespace sluice::cluster
