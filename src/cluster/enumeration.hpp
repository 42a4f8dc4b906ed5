// Enumeration: which relays carry a stream, ranked for one asker, and from whom a relay pulls what it
// lacks. Pure functions of (key, snapshot, asker); directories and nodes run the same code. Any thread.
#pragma once

#include "cluster/ranking.hpp"

namespace sluice::cluster {

/// Ranks the relays of `list`, of which `ranks` was made, for `key` and an asker in `zone`.
/// `head`: the first `copies` ready relays by score; fewer when there are fewer; joining ones only when none
/// is ready, the others only when none is joining either. `order`: the ready relays (those of `zone`, then
/// the head, then the rest), then the joining, draining, failing and suspect ones, each group with those of
/// `zone` first; nobody twice. `spread`: `demand` (see `spread_tracker`), at least the policy's, cut to the
/// leading relays of the best state in `zone`; where `zone` has none, to those of the head, unless `demand`
/// asks for more. `live` is left `unknown`, loads 0. An algorithm this build does not know ranks by
/// rendezvous (see `check_policy`).
enumeration enumerate(const stream_key& key, const snapshot& list, const ranking& ranks,
                      std::string_view zone, std::uint32_t demand = 0);
/// The same for a list that is asked once.
enumeration enumerate(const stream_key& key, const snapshot& list, std::string_view zone);

/// The `spread` of an enumeration, from its indices.
std::uint32_t spread_of(const ranked_indices& ranked, const policy& rules, std::uint32_t demand) noexcept;

/// `mode` of a trunk pull: `through` asks a relay to fetch what it lacks, `local` only for what it has.
enum class pull_mode : std::uint8_t { through = 1, local };
std::string_view name(pull_mode mode) noexcept;

/// Where a relay that lacks a stream turns to.
struct pull_plan {
  bool in_head = false; ///< the origin's push is to feed it: hold the asker up to 300 ms before pulling
  pull_mode mode = pull_mode::through; ///< `local` exactly when `in_head`
  std::vector<ranked_relay> upstreams; ///< to be asked in this order; never the relay itself
};

/// The distribution tree, from an enumeration for `zone`: a zone's first relay pulls from the head, the
/// zone's other relays from the zone's first, then the head; a relay of the head asks the other head relays
/// with `local`. `self` and `zone` are the asking relay's, which `found` need not contain.
pull_plan plan_pull(const enumeration& found, const node_id& self, std::string_view zone);

} // namespace sluice::cluster
