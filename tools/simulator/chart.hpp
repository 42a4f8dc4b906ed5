// Charts as SVG texts: lines or bars over labelled axes, with a legend. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::simulate {

struct line {
  std::string label;
  std::vector<std::pair<double, double>> points;
  bool dashed = false; ///< a bar to be held, not a measurement
};

struct axis {
  std::string label;
  double from = 0, to = 1;
  std::vector<std::pair<double, std::string>> ticks; ///< (position, text)
};

/// Ticks from `from` to `to`, `step` apart, with so many decimals.
std::vector<std::pair<double, std::string>> ticks(double from, double to, double step, int decimals);

struct chart {
  std::string title;
  axis x, y;
  std::vector<line> lines;
};
std::string draw(const chart& what);

/// Groups of bars: one bar per series in each group.
struct bar_chart {
  std::string title, x_label;
  axis y;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<double>>> series; ///< a value per group
};
std::string draw(const bar_chart& what);

} // namespace sluice::simulate
