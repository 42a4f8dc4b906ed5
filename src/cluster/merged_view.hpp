// The relay list a node agent goes by: the snapshots of several independent directories merged into one.
// Owned by the node agent, on its thread; time only enters as `now`.
#pragma once

#include "cluster/load.hpp"
#include "cluster/snapshot.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace sluice::cluster {

class merged_view {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `lease_period`: how long a warming directory cannot take relays away.
  explicit merged_view(std::chrono::milliseconds lease_period = std::chrono::milliseconds{5000})
      : lease_period_(lease_period) {}

  /// A list saved earlier, before any directory answered; stale until one does. `list` must be valid.
  void restore(snapshot list);
  /// What a directory pushed. True when the effective snapshot changed. Errors: as `validate`; `stale` (an
  /// older revision of a connected directory); `too_large` (more than `max_directories`).
  result<bool> update(published_snapshot from, time_point now);
  /// The connection to a directory ended. True when the effective snapshot changed.
  bool lost(const node_id& directory, time_point now);
  /// Lets time pass (a warming directory's word counts after one lease period); call it each second. True
  /// when the effective snapshot changed.
  bool advance(time_point now);

  /// How busy a connected directory says the relays of its present list are. False, and nothing changes, when
  /// it speaks of another list or is not connected.
  bool update_loads(const node_id& directory, const load_digest& from);
  /// The newest loads known.
  [[nodiscard]] const relay_loads& loads() const noexcept { return loads_; }

  /// The policy to offer to a directory that lacks changes seen elsewhere or saved: so a restarted directory
  /// gets the operator's decisions back. Null when it lacks none, or is not connected.
  [[nodiscard]] const policy* policy_for(const node_id& directory) const;

  /// Whether any list was ever seen or restored.
  [[nodiscard]] bool has_snapshot() const noexcept { return effective_.has_value(); }
  /// The merged list; empty before `has_snapshot`. Per relay: heard by any directory beats silent, then the
  /// newer boot, then failing, draining, ready, joining; at most a tenth (at least one) is failing. The
  /// policy has every change ever seen or restored; what nobody changed is as the first directory by id has
  /// it.
  [[nodiscard]] const snapshot& effective() const noexcept;
  /// No directory is connected: the list is the last one known.
  [[nodiscard]] bool stale() const noexcept;
  /// Directories are connected, but none has the store: relays that only it lists may be out of date.
  [[nodiscard]] bool store_lost() const noexcept;

  static constexpr std::size_t max_directories = 64;

private:
  /// A connected directory.
  struct source {
    published_snapshot last;
    time_point connected_at;
  };

  void forget_removed(const snapshot& before, const snapshot& after);
  bool rebuild(time_point now);
  void learn(const policy& rules);
  [[nodiscard]] bool settled(const source& one, time_point now) const noexcept;

  std::chrono::milliseconds lease_period_;
  std::map<node_id, source> sources_;
  std::optional<snapshot> effective_;
  policy newest_; ///< every change seen, over a policy that nobody changed
  relay_loads loads_;
};

} // namespace sluice::cluster
