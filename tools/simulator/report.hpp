// What an experiment found: rows with a bar each, and plots. Printed and written by main. Values.
#pragma once

#include "chart.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::simulate {

struct finding {
  std::string what;
  double value = 0;
  std::string unit;           ///< `%` and the like
  std::optional<double> most; ///< the bar: `value` is to be at most this; without one it is only reported
  std::optional<double> least;

  [[nodiscard]] bool held() const { return (!most || value <= *most) && (!least || value >= *least); }
};

struct plot {
  std::string file; ///< name, without the folder
  std::string svg;
};

struct report {
  std::string title;
  std::string setting; ///< what was simulated, in a sentence
  std::vector<finding> findings;
  std::vector<plot> plots;
};

/// Sizes of the experiments: the whole thing, or enough of it for a test.
struct scale {
  bool full = true;
  std::uint64_t seed = 1;
};

/// A hot stream of a Zipf audience: how evenly relays are loaded.
report hot_streams(const scale& size);
/// One relay more or less: how many streams move.
report membership(const scale& size);
/// Zones: how many copies of a stream cross into each.
report zones(const scale& size);
/// Enumerations per second and core.
report speed(const scale& size);

} // namespace sluice::simulate
