#include "cluster/policy.hpp"

#include "cluster/algorithm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace sluice::cluster {

namespace {

const node_id& id_of(const node_id& id) noexcept {
  return id;
}
const node_id& id_of(const std::pair<node_id, double>& item) noexcept {
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
      return error{
          errc::bad_argument,
          fmt::format("{}: '{}' is not a node id: 1 to 64 letters, digits, . _ -", field, id.substr(0, 64))};
    if (previous && *previous >= id)
      return error{errc::malformed,
                   fmt::format("{}: '{}' after '{}'; ids ascend, none twice", field, id, *previous)};
    previous = &id;
  }
  return {};
}

/// `changed` with the version of a change to `before` made now, once it was checked.
result<policy> stamped(policy changed, const policy& before, std::uint64_t now_unix_us) {
  if (auto ok = check_policy(changed); !ok) return ok.error();
  if (changed != before) changed.version = std::max(now_unix_us, before.version + 1);
  return changed;
}

} // namespace

result<void> check_weight(double weight) {
  if (weight >= min_weight && weight <= max_weight) return {};
  return error{errc::bad_argument,
               fmt::format("weight {} is not within {} and {}", weight, min_weight, max_weight)};
}

result<void> check_policy(const policy& rules) {
  if (rules.copies < 1 || rules.copies > max_copies)
    return error{errc::bad_argument,
                 fmt::format("copies {} is not within 1 and {}", rules.copies, max_copies)};
  if (rules.spread < 1 || rules.spread > max_spread)
    return error{errc::bad_argument,
                 fmt::format("spread {} is not within 1 and {}", rules.spread, max_spread)};
  if (rules.version > max_policy_version)
    return error{errc::bad_argument,
                 fmt::format("version {}: unix microseconds, at most {}", rules.version, max_policy_version)};
  if (auto known = find_algorithm(rules.algorithm); !known) return known.error();
  if (auto ok = check_nodes("drained", rules.drained); !ok) return ok;
  if (auto ok = check_nodes("weights", rules.weights); !ok) return ok;
  for (auto& [id, weight] : rules.weights)
    if (auto ok = check_weight(weight); !ok)
      return error{ok.error().code, fmt::format("weights: {}: {}", id, ok.error().message)};
  return {};
}

bool supersedes(const policy& a, const policy& b) {
  if (a.version != b.version) return a.version > b.version;
  auto content = [](const policy& p) {
    return std::tie(p.copies, p.spread, p.algorithm, p.drained, p.weights);
  };
  return a.version > 0 && content(a) > content(b);
}

bool is_drained(const policy& rules, std::string_view id) noexcept {
  return find(rules.drained, id) != rules.drained.end();
}

relay_state state_under(const policy& rules, const relay_entry& relay) noexcept {
  bool overruled = relay.state < relay_state::draining && is_drained(rules, relay.id);
  return overruled ? relay_state::draining : relay.state;
}

double weight_under(const policy& rules, const relay_entry& relay) noexcept {
  auto at = find(rules.weights, relay.id);
  return at == rules.weights.end() ? relay.weight : at->second;
}

result<policy> with_drained(const policy& rules, const node_id& id, bool drained, std::uint64_t now_unix_us) {
  auto changed = rules;
  auto at = position(changed.drained, id);
  bool listed = at != changed.drained.end() && *at == id;
  if (drained && !listed) changed.drained.insert(at, id);
  if (!drained && listed) changed.drained.erase(at);
  return stamped(std::move(changed), rules, now_unix_us);
}

result<policy> with_weight(const policy& rules, const node_id& id, std::optional<double> weight,
                           std::uint64_t now_unix_us) {
  auto changed = rules;
  auto at = position(changed.weights, id);
  if (at != changed.weights.end() && at->first == id) at = changed.weights.erase(at);
  if (weight) changed.weights.insert(at, {id, *weight});
  return stamped(std::move(changed), rules, now_unix_us);
}

result<policy> with_copies(const policy& rules, std::uint32_t copies, std::uint64_t now_unix_us) {
  auto changed = rules;
  changed.copies = copies;
  return stamped(std::move(changed), rules, now_unix_us);
}

result<policy> with_spread(const policy& rules, std::uint32_t spread, std::uint64_t now_unix_us) {
  auto changed = rules;
  changed.spread = spread;
  return stamped(std::move(changed), rules, now_unix_us);
}

result<policy> with_algorithm(const policy& rules, std::string algorithm, std::uint64_t now_unix_us) {
  auto changed = rules;
  changed.algorithm = std::move(algorithm);
  return stamped(std::move(changed), rules, now_unix_us);
}

} // namespace sluice::cluster
