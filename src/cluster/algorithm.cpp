#include "cluster/algorithm.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <cmath>

namespace sluice::cluster {

namespace {

/// 52 bits of `hash` as a number in (0, 1), neither end included: the half step is exact in a double.
double open_unit(std::uint64_t hash) noexcept {
  return (static_cast<double>(hash >> 12) + 0.5) * 0x1p-52;
}

class rendezvous_algorithm final : public algorithm {
public:
  [[nodiscard]] std::string_view name() const noexcept override { return "rendezvous"; }

  void score(const stream_key& key, std::span<const relay_entry> relays,
             std::span<double> scores) const noexcept override {
    auto seed = XXH3_64bits(key.str().data(), key.str().size());
    for (std::size_t i = 0; i < relays.size(); ++i) {
      auto hash = XXH3_64bits_withSeed(relays[i].id.data(), relays[i].id.size(), seed);
      scores[i] = -relays[i].weight / std::log(open_unit(hash));
    }
  }
};

} // namespace

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
