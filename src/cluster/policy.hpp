// What operators decide while the cluster runs: checks, order and changes of a policy, and what it makes of a
// listed relay. Pure functions of values; any thread.
#pragma once

#include "cluster/model.hpp"

#include <optional>

namespace sluice::cluster {

constexpr std::uint32_t max_copies = 16;
constexpr std::uint32_t max_spread = 64;
constexpr double min_weight = 0.001, max_weight = 1000;
/// Entries of `policy::drained`, and of `policy::weights`.
constexpr std::size_t max_policy_nodes = 1000;
constexpr std::uint64_t max_policy_version = std::uint64_t{1} << 62;

/// Within `min_weight` and `max_weight`. Errors: `bad_argument`.
result<void> check_weight(double weight);
/// Copies, spread, a known algorithm; drained and weights bounded, sorted, unique. Errors: `bad_argument`,
/// `unsupported` (the algorithm), `too_large`, `malformed` (order).
result<void> check_policy(const policy& rules);

/// Whether `a` counts where both are known: the greater version; of equal ones (two operators in the same
/// microsecond) an order that is the same on every node. Of policies that nobody changed none does.
bool supersedes(const policy& a, const policy& b);

/// The state that counts: an operator's drain over `ready` and `joining`.
relay_state state_under(const policy& rules, const relay_entry& relay) noexcept;
/// The weight that counts: an operator's over the relay's own.
double weight_under(const policy& rules, const relay_entry& relay) noexcept;
bool is_drained(const policy& rules, std::string_view id) noexcept;

/// An operator's changes: `rules` with one thing changed and the version of a change made now, or `rules` as
/// it is when nothing changes. Errors: as `check_policy`, and a node id that is none (`bad_argument`).
result<policy> with_drained(const policy& rules, const node_id& id, bool drained, std::uint64_t now_unix_us);
/// Without a weight: the relay's own counts again.
result<policy> with_weight(const policy& rules, const node_id& id, std::optional<double> weight,
                           std::uint64_t now_unix_us);
result<policy> with_copies(const policy& rules, std::uint32_t copies, std::uint64_t now_unix_us);
result<policy> with_spread(const policy& rules, std::uint32_t spread, std::uint64_t now_unix_us);
result<policy> with_algorithm(const policy& rules, std::string algorithm, std::uint64_t now_unix_us);

} // namespace sluice::cluster
