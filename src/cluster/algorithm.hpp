// The interface of an enumeration algorithm (it scores relays for a key) and the registry of those this
// build knows. Stateless; any thread.
#pragma once

#include "cluster/model.hpp"

#include <span>

namespace sluice::cluster {

/// Gives each relay a score for a key. A pure function of (key, id, weight), equal on every machine.
class algorithm {
public:
  virtual ~algorithm() = default;
  /// The value of `policy::algorithm` that selects it.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Fills `scores[i]` for `relays[i]`; the higher, the earlier. Both spans have the same size.
  virtual void score(const stream_key& key, std::span<const relay_entry> relays,
                     std::span<double> scores) const noexcept = 0;
};

/// Capacity-weighted rendezvous hashing: score = -w / ln u, where u in (0, 1) comes from XXH3 of the relay
/// id seeded with XXH3 of the key. Each relay wins a share of the keys proportional to its weight, and a
/// relay that leaves or joins moves only the keys it had or gets. D. G. Thaler, C. V. Ravishankar, "Using
/// name-based mappings to increase hit rates", IEEE/ACM ToN 6(1), 1998; weights: C. Schindelhauer,
/// G. Schomaker, "Weighted distributed hash tables", SPAA 2005.
const algorithm& rendezvous() noexcept;

/// The algorithm of that name. Errors: `unsupported`, naming those there are.
result<const algorithm*> find_algorithm(std::string_view name);

} // namespace sluice::cluster
