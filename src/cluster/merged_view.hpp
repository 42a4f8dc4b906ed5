// The relay list a node agent goes by: the snapshots of several independent directories merged into one.
// Owned by the node agent, on its thread; time only enters as `now`.
#pragma once

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

  /// Whether any list was ever seen or restored.
  [[nodiscard]] bool has_snapshot() const noexcept { return effective_.has_value(); }
  /// The merged list; empty before `has_snapshot`. Per relay: heard by any directory beats silent, then the
  /// newer boot, then draining beats ready. The policy is that of the first connected directory by id.
  [[nodiscard]] const snapshot& effective() const noexcept;
  /// No directory is connected: the list is the last one known.
  [[nodiscard]] bool stale() const noexcept;

  static constexpr std::size_t max_directories = 64;

private:
  /// A connected directory.
  struct source {
    published_snapshot last;
    time_point connected_at;
  };

  bool rebuild(time_point now);
  [[nodiscard]] bool settled(const source& one, time_point now) const noexcept;

  std::chrono::milliseconds lease_period_;
  std::map<node_id, source> sources_;
  std::optional<snapshot> effective_;
};

} // namespace sluice::cluster
