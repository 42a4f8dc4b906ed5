// A directory with a virtual clock, and nodes that talk to it.
#pragma once

#include "cluster/directory_state.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

namespace sluice::cluster::test {

using namespace std::chrono_literals;

inline constexpr std::uint64_t unix_now = 1'700'000'000'000;
inline constexpr std::uint64_t unix_us = unix_now * 1000;
inline const directory_state::time_point start{1000s};

inline epoch at(std::uint64_t ms) {
  return {ms << 16};
}

/// A directory past its warming, and nodes that talk to it.
struct cluster_fixture {
  explicit cluster_fixture(directory_options options = {}) : directory(named(std::move(options)), start) {
    advance(5s);
  }

  static directory_options named(directory_options options) {
    options.id = "d1";
    options.boot_nonce = 9;
    return options;
  }

  void add(std::string id, node_role role = node_role::relay, std::uint64_t nonce = 1) {
    auto done = directory.register_node(node(std::move(id), role, nonce), now);
    REQUIRE_MESSAGE(done.has_value(), done.error().message);
  }

  static node_registration node(std::string id, node_role role = node_role::relay, std::uint64_t nonce = 1) {
    node_registration out;
    out.trunk_address = role == node_role::relay ? id + ":8500" : "";
    out.id = std::move(id);
    out.role = role;
    out.boot_nonce = nonce;
    return out;
  }

  result<void> beat(std::string id, std::uint64_t nonce = 1, bool draining = false) {
    node_heartbeat beat;
    beat.id = std::move(id);
    beat.boot_nonce = nonce;
    beat.draining = draining;
    return directory.heartbeat(beat, now);
  }

  /// Lets time pass in steps of 250 ms; `talkers` beat each second.
  void advance(std::chrono::milliseconds by, const names& talkers = {}) {
    for (auto end = now + by; now < end;) {
      now += 250ms;
      if ((now - start) % 1s == 0s)
        for (auto& id : talkers)
          REQUIRE(beat(id).has_value());
      directory.advance(now);
    }
  }

  /// As ranked: under the policy.
  [[nodiscard]] std::optional<relay_state> state(std::string_view id) {
    for (auto& one : directory.list().relays)
      if (one.id == id) return state_under(directory.rules(), one);
    return std::nullopt;
  }

  result<void> drain(const std::string& id, bool drained) {
    auto plan = directory.plan_drain(id, drained, unix_us);
    if (!plan) return plan.error();
    auto taken = directory.set_policy(*plan, now);
    return taken ? result<void>() : taken.error();
  }

  result<void> publish(std::string origin, epoch log_epoch, std::string text = "live/room1") {
    stream_announcement out;
    out.key = std::move(text);
    out.log_epoch = log_epoch;
    out.origin = std::move(origin);
    return directory.announce(out, 1, unix_now, now);
  }

  directory_state::time_point now = start; ///< virtual
  directory_state directory;
};

} // namespace sluice::cluster::test
