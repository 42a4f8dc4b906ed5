#include "roles/nearest.hpp"

#include <algorithm>

namespace sluice::roles {

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view unknown, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t least = unknown.size() / 2 + 1;
  for (const auto& word : known) {
    if (auto d = edit_distance(word, unknown); d < least) {
      least = d;
      best = word;
    }
  }
  return best;
}

} // namespace sluice::roles
