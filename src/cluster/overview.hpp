// One directory about itself, for people. Plain value; any thread.
#pragma once

#include "cluster/model.hpp"

namespace sluice::cluster {

struct directory_overview {
  revision at;              ///< of its relay list; names the directory
  std::uint64_t digest = 0; ///< of that list
  bool warming = false;     ///< younger than a lease period
  bool frozen = false;      ///< most relays fell silent at once and are kept
  policy rules;             ///< in force here
};

} // namespace sluice::cluster
