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
/// Entries of `policy::changes`; beyond it the oldest of what was taken back is forgotten.
constexpr std::size_t max_policy_changes = 3 * max_policy_nodes;
constexpr std::uint64_t max_policy_version = std::uint64_t{1} << 62;

/// Within `min_weight` and `max_weight`. Errors: `bad_argument`.
result<void> check_weight(double weight);
/// Copies, spread, a known algorithm; drained, weights and changes bounded, sorted, unique. Errors:
/// `bad_argument`, `unsupported` (the algorithm), `too_large`, `malformed` (order).
result<void> check_policy(const policy& rules);
/// The same for a policy that is in force already, whose algorithm this build need not know: its name is
/// only to have the form of one.
result<void> check_policy_in_force(const policy& rules);

/// `mine` with every change of `theirs` that it lacks: that of a greater version; of equal ones (two
/// operators in the same microsecond) an order that is the same on every node. What nobody changed stays as
/// it is in `mine`. Whoever has heard the same changes, in whatever order, has the same of all that was
/// changed. So two policies of one version may differ. Of two that are in order, the outcome may hold too
/// many nodes.
policy merged(policy mine, const policy& theirs);
/// Whether `b` lacks a change of `a`, and so would gain by it.
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
