// A snapshot prepared for ranking: hashes, weights and states as plain arrays, so that one enumeration is a
// few arithmetic passes over indices, without texts and without memory of its own. Immutable; any thread, a
// buffer each.
#pragma once

#include "cluster/algorithm.hpp"

namespace sluice::cluster {

/// Room for one ranking, used again and again.
class rank_buffer {
  friend class ranking;
  struct entry {
    std::uint64_t rank;
    std::uint32_t index;
  };
  std::vector<std::uint64_t> ranks_;
  std::vector<entry> unsorted_, sorted_;
  std::vector<std::uint32_t> starts_, head_, order_;
};

/// Indices into `snapshot::relays`; they live in the buffer, until its next use.
struct ranked_indices {
  std::span<const std::uint32_t> head;  ///< see `enumeration::head`
  std::span<const std::uint32_t> order; ///< see `enumeration::order`
  std::uint32_t usable = 0; ///< so many lead `order` in the best state there is, ready or joining; else 0
  std::uint32_t near = 0;   ///< so many of those are of the asker's zone
};

class ranking {
public:
  /// Of the relays of `list` under its policy. An algorithm this build does not know is rendezvous.
  explicit ranking(const snapshot& list);

  /// An asker's zone as `rank` takes it; `no_zone` when no relay is in it.
  [[nodiscard]] std::uint32_t zone(std::string_view name) const noexcept;
  static constexpr std::uint32_t no_zone = UINT32_MAX;

  /// `key`: its `hash_of`. See `enumerate` for the order.
  ranked_indices rank(std::uint64_t key, std::uint32_t zone, rank_buffer& room) const;

  [[nodiscard]] std::size_t size() const noexcept { return states_.size(); }
  /// Under the policy, as all here.
  [[nodiscard]] relay_state state(std::uint32_t relay) const noexcept { return states_[relay]; }
  [[nodiscard]] double weight(std::uint32_t relay) const noexcept { return weights_[relay]; }
  [[nodiscard]] double score(std::uint64_t key, std::uint32_t relay) const noexcept {
    return algorithm_->score(key, id_hashes_[relay], weights_[relay]);
  }

private:
  /// Relays of one state, at `first` and on in the arrays sorted by state.
  struct group {
    relay_state state;
    std::uint32_t first, count;
    bool equal_weights;
  };

  void rank_group(const group& of, std::uint64_t key, rank_buffer& room) const;
  void move_zone_forward(const group& of, std::uint32_t zone, rank_buffer& room) const;

  const algorithm* algorithm_;
  std::uint32_t copies_;
  std::vector<group> groups_;
  std::vector<std::string> zones_;    ///< sorted
  std::vector<std::uint32_t> relays_; ///< indices, sorted by state
  std::vector<std::uint64_t> sorted_hashes_;
  std::vector<double> sorted_weights_;
  std::vector<std::uint64_t> id_hashes_; ///< this and the rest by index
  std::vector<std::uint32_t> zone_of_;
  std::vector<relay_state> states_;
  std::vector<double> weights_;
  std::uint32_t usable_ = 0;
};

} // namespace sluice::cluster
