// How CAF reads and writes the cluster's words. A field keeps its place for ever: a change of shape is a new
// message type beside the old one. What a peer sent is checked after loading: counts against named limits,
// enumerations against their range. Any thread.
#pragma once

#include "cluster/directory_state.hpp"
#include "cluster/overview.hpp"

#include <caf/error.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>

namespace sluice::actors {

/// Elements of one list in one message. A message is at most 1 MiB, so these only say what is sensible.
constexpr std::size_t max_message_nodes = 10'000;
constexpr std::size_t max_message_streams = 10'000;
constexpr std::size_t max_message_ranks = 1'000;
constexpr std::size_t max_extra_fields = 32;

/// The verdict after loading: nothing, or that the peer's message does not hold what it must.
inline caf::error accept_if(bool holds) {
  return holds ? caf::error{} : caf::make_error(caf::sec::invalid_argument, "a field is out of range");
}

template <class Enum>
bool in_range(Enum value, Enum last) noexcept {
  return value >= static_cast<Enum>(1) && value <= last;
}

} // namespace sluice::actors

namespace sluice {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, epoch& x) {
  return f(caf::meta::type_name("sluice::epoch"), x.value);
}

} // namespace sluice

namespace sluice::cluster {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, relay_entry& x) {
  return f(caf::meta::type_name("sluice::relay_entry"), x.id, x.boot_nonce, x.trunk_address, x.zone, x.weight,
           x.state, caf::meta::load_callback([&] {
             return actors::accept_if(actors::in_range(x.state, relay_state::suspect));
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, policy& x) {
  return f(caf::meta::type_name("sluice::policy"), x.copies, x.spread, x.algorithm, x.version, x.drained,
           x.weights, x.changes, caf::meta::load_callback([&] {
             return actors::accept_if(x.drained.size() <= max_policy_nodes &&
                                      x.weights.size() <= max_policy_nodes &&
                                      x.changes.size() <= max_policy_changes);
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, snapshot& x) {
  return f(caf::meta::type_name("sluice::snapshot"), x.rules, x.relays, x.digest,
           caf::meta::load_callback([&] { return actors::accept_if(x.relays.size() <= max_relays); }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, revision& x) {
  return f(caf::meta::type_name("sluice::revision"), x.directory, x.boot_nonce, x.counter);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, published_snapshot& x) {
  return f(caf::meta::type_name("sluice::published_snapshot"), x.at, x.warming, x.list, x.store_lost);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, directory_overview& x) {
  return f(caf::meta::type_name("sluice::directory_overview"), x.at, x.digest, x.warming, x.frozen,
           x.has_store, x.store_lost, x.rules);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, policy_change& x) {
  return f(caf::meta::type_name("sluice::policy_change"), x.what, x.node, x.weight, x.copies, x.spread,
           x.algorithm, caf::meta::load_callback([&] {
             return actors::accept_if(actors::in_range(x.what, policy_command::rules));
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, load_digest& x) {
  return f(caf::meta::type_name("sluice::load_digest"), x.digest, x.levels, caf::meta::load_callback([&] {
             return actors::accept_if(x.levels.size() <= max_relays / 2 + 1);
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stream_announcement& x) {
  return f(caf::meta::type_name("sluice::stream_announcement"), x.key, x.log_epoch, x.origin, x.state,
           x.last_timestamp, x.since_unix_ms, x.video, x.audio, x.width, x.height,
           caf::meta::load_callback(
               [&] { return actors::accept_if(actors::in_range(x.state, publisher_state::grace)); }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ranked_relay& x) {
  return f(caf::meta::type_name("sluice::ranked_relay"), x.id, x.trunk_address, x.zone, x.state, x.score,
           x.weight, x.load, caf::meta::load_callback([&] {
             return actors::accept_if(actors::in_range(x.state, relay_state::suspect));
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, enumeration& x) {
  return f(caf::meta::type_name("sluice::enumeration"), x.head, x.order, x.spread, x.live, x.live_epoch,
           x.origin, x.digest, x.stale, caf::meta::load_callback([&] {
             return actors::accept_if(actors::in_range(x.live, liveness::unknown) &&
                                      x.head.size() <= actors::max_message_ranks &&
                                      x.order.size() <= actors::max_message_ranks);
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, load_report& x) {
  return f(caf::meta::type_name("sluice::load_report"), x.egress_bps, x.viewers, x.streams, x.capacity_bps,
           x.pulls, x.cpu_permille, x.loop_lag_us);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_view& x) {
  return f(caf::meta::type_name("sluice::node_view"), x.id, x.role, x.boot_nonce, x.zone, x.trunk_address,
           x.public_url, x.version, x.weight, x.state, x.last_heard_ms, x.load, x.load_level, x.drained,
           x.failing_for, x.elsewhere, x.heard_by, caf::meta::load_callback([&] {
             return actors::accept_if(x.failing_for.size() <= max_failing_for && x.heard_by.size() <= 1 &&
                                      actors::in_range(x.role, node_role::directory) &&
                                      actors::in_range(x.state, relay_state::suspect));
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_registration& x) {
  return f(caf::meta::type_name("sluice::node_registration"), x.id, x.role, x.boot_nonce, x.zone,
           x.trunk_address, x.public_url, x.version, x.weight, caf::meta::load_callback([&] {
             return actors::accept_if(actors::in_range(x.role, node_role::directory));
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lost_stream& x) {
  return f(caf::meta::type_name("sluice::lost_stream"), x.key, x.newest);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_heartbeat& x) {
  return f(caf::meta::type_name("sluice::node_heartbeat"), x.id, x.boot_nonce, x.load, x.draining,
           x.timestamps, x.failing, x.pulls, caf::meta::load_callback([&] {
             return actors::accept_if(x.timestamps.size() <= actors::max_message_streams &&
                                      x.failing.size() <= max_failing_reported &&
                                      x.pulls.size() <= max_pulls_reported);
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stream_recall& x) {
  std::string origin = x.live_origin.value_or("");
  return f(caf::meta::type_name("sluice::stream_recall"), x.last, x.last_timestamp, origin,
           caf::meta::load_callback([&] {
             x.live_origin = origin.empty() ? std::nullopt : std::optional<node_id>(origin);
             return caf::error{};
           }));
}

} // namespace sluice::cluster
