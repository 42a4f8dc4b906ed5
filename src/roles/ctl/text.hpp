// Tables and quantities for people. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::roles::ctl {

enum class align : std::uint8_t { left, right };

struct column {
  std::string_view title;
  align side = align::left;
};

/// Aligned columns two blanks apart; the last one is not padded.
class table {
public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}
  /// As many cells as columns; an empty one is shown as `-`.
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  /// Titles, then the rows; each line ends with a line feed.
  [[nodiscard]] std::string str() const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `0.4 s`, `12 s`, `3 min`, `5 h`, `9 d`.
std::string span_text(std::uint64_t ms);
/// `0`, `850 kbit/s`, `12.3 Mbit/s`, `1.2 Gbit/s`.
std::string rate_text(std::uint64_t bits_per_second);
/// Up to three digits behind the point, none that say nothing: `1`, `0.5`, `1.125`.
std::string number_text(double value);
/// `1 node`, `2 nodes`.
std::string count_text(std::size_t count, std::string_view thing);

} // namespace sluice::roles::ctl
