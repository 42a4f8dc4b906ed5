#include "cluster/algorithm.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <bit>
#include <cmath>

namespace sluice::cluster {

namespace {

/// 52 bits of `hash` as a number in (0, 1), neither end included: the half step is exact in a double.
double open_unit(std::uint64_t hash) noexcept {
  return (static_cast<double>(hash >> 12) + 0.5) * 0x1p-52;
}

/// Both hashes as one that looks independent of either: P. Evensen's "moremur" finalizer.
std::uint64_t mix(std::uint64_t key, std::uint64_t id) noexcept {
  auto x = key ^ id;
  x = (x ^ x >> 27) * 0x3C79AC492BA7B653;
  x = (x ^ x >> 33) * 0x1C69B3F74AC4AE35;
  return x ^ x >> 27;
}

double weighted(std::uint64_t hash, double weight) noexcept {
  return -weight / std::log(open_unit(hash));
}

class rendezvous_algorithm final : public algorithm {
public:
  [[nodiscard]] std::string_view name() const noexcept override { return "rendezvous"; }

  void rank(std::uint64_t key, std::span<const std::uint64_t> ids, std::span<const double> weights,
            std::span<std::uint64_t> ranks) const noexcept override {
    // The score grows with the hash, so the hash itself ranks relays of one weight.
    for (std::size_t i = 0; i < ids.size(); ++i)
      ranks[i] = mix(key, ids[i]);
    // The bits of positive doubles are ordered as they are.
    for (std::size_t i = 0; i < weights.size(); ++i)
      ranks[i] = std::bit_cast<std::uint64_t>(weighted(ranks[i], weights[i]));
  }

  [[nodiscard]] double score(std::uint64_t key, std::uint64_t id, double weight) const noexcept override {
    return weighted(mix(key, id), weight);
  }
};

} // namespace

std::uint64_t hash_of(const stream_key& key) noexcept {
  return XXH3_64bits(key.str().data(), key.str().size());
}

std::uint64_t hash_of(const node_id& id) noexcept {
  return XXH3_64bits(id.data(), id.size());
}

const algorithm& rendezvous() noexcept {
  static const rendezvous_algorithm instance;
  return instance;
}

result<const algorithm*> find_algorithm(std::string_view name) {
  std::array<const algorithm*, 1> known{&rendezvous()};
  for (auto* one : known)
    if (one->name() == name) return one;
  return error{errc::unsupported, fmt::format("enumeration algorithm '{}' is unknown; there is: {}", name,
                                              known.front()->name())};
}

} // namespace sluice::cluster
