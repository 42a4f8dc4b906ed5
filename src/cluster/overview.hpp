// What operators see of one directory, and what they tell it. Plain values; any thread.
#pragma once

#include "cluster/model.hpp"

namespace sluice::cluster {

struct directory_overview {
  revision at;              ///< of its relay list; names the directory
  std::uint64_t digest = 0; ///< of that list
  bool warming = false;     ///< younger than a lease period
  bool frozen = false;      ///< most relays fell silent at once and are kept
  bool has_store = false;   ///< it shares a store with the other directories
  bool store_lost = false;  ///< which does not answer: what it listed is its last word
  policy rules;             ///< in force here
};

enum class policy_command : std::uint8_t {
  drain = 1,
  undrain,
  weight,     ///< an operator's, over the relay's own
  own_weight, ///< the relay's own again
  rules       ///< copies, spread, algorithm
};

/// One change of the policy, made at the directory to what is in force there.
struct policy_change {
  policy_command what = policy_command::rules;
  node_id node; ///< of all but `rules`
  double weight = 0;
  std::uint32_t copies = 0, spread = 0; ///< of `rules`; 0: as it is
  std::string algorithm;                ///< of `rules`; empty: as it is
};

} // namespace sluice::cluster
