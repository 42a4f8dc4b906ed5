// Enumeration: which relays carry a stream, ranked for one asker, and from whom a relay pulls what it
// lacks. Pure functions of (key, snapshot, asker); directories and nodes run the same code. Any thread.
#pragma once

#include "cluster/model.hpp"

namespace sluice::cluster {

/// Ranks the relays of `list` for `key` and an asker in `zone`.
/// `head`: the first `copies` ready relays by score; fewer when there are fewer; draining, then suspect
/// ones only when none is ready. `order`: the ready relays (those of `zone`, then the head, then the rest),
/// then the draining ones, then the suspect ones, each group with those of `zone` first; nobody twice.
/// `spread` is cut to the leading ready relays of `zone`, or of the head where `zone` has none. `live` is
/// left `unknown`. An algorithm this build does not know ranks by rendezvous (see `validate`).
enumeration enumerate(const stream_key& key, const snapshot& list, std::string_view zone);

/// `mode` of a trunk pull: `through` asks a relay to fetch what it lacks, `local` only for what it has.
enum class pull_mode : std::uint8_t { through = 1, local };
std::string_view name(pull_mode mode) noexcept;

/// Where a relay that lacks a stream turns to.
struct pull_plan {
  bool in_head = false; ///< the origin's push is to feed it: hold the asker up to 300 ms before pulling
  pull_mode mode = pull_mode::through; ///< `local` exactly when `in_head`
  std::vector<ranked_relay> upstreams; ///< to be asked in this order; never the relay itself
};

/// The distribution tree: a zone's first relay pulls from the head, the zone's other relays from the zone's
/// first, then the head; a relay of the head asks the other head relays with `local`. `self` and `zone`
/// are the asking relay's, which `list` need not contain.
pull_plan pull_order(const stream_key& key, const snapshot& list, const node_id& self, std::string_view zone);

} // namespace sluice::cluster
