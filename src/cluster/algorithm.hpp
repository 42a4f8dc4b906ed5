// The interface of an enumeration algorithm (it ranks relays for a key, as numbers) and the registry of those
// this build knows. Stateless; any thread.
#pragma once

#include "cluster/model.hpp"

#include <span>

namespace sluice::cluster {

/// XXH3-64 of a stream key and of a node id: all that an algorithm sees of them.
std::uint64_t hash_of(const stream_key& key) noexcept;
std::uint64_t hash_of(const node_id& id) noexcept;

/// Ranks relays for a key. Pure functions of (key, id, weight), equal on every machine.
class algorithm {
public:
  virtual ~algorithm() = default;
  /// The value of `policy::algorithm` that selects it.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Gives each of `ids` a number in `ranks` (of the same size); the higher, the earlier. `weights` is empty
  /// when all weigh the same: the order is the same then, and the ranks are spread evenly over 64 bits.
  virtual void rank(std::uint64_t key, std::span<const std::uint64_t> ids, std::span<const double> weights,
                    std::span<std::uint64_t> ranks) const noexcept = 0;
  /// The score behind the rank, for people.
  [[nodiscard]] virtual double score(std::uint64_t key, std::uint64_t id, double weight) const noexcept = 0;
};

/// Capacity-weighted rendezvous hashing: score = -w / ln u, where u in (0, 1) comes from the hashes of key
/// and relay id, mixed. Each relay wins a share of the keys proportional to its weight, and a relay that
/// leaves or joins moves only the keys it had or gets. D. G. Thaler, C. V. Ravishankar, "Using name-based
/// mappings to increase hit rates", IEEE/ACM ToN 6(1), 1998; weights: C. Schindelhauer, G. Schomaker,
/// "Weighted distributed hash tables", SPAA 2005.
const algorithm& rendezvous() noexcept;

/// The algorithm of that name. Errors: `unsupported`, naming those there are.
result<const algorithm*> find_algorithm(std::string_view name);

} // namespace sluice::cluster
