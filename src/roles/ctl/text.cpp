#include "roles/ctl/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::roles::ctl {

namespace {

constexpr std::string_view gap = "  ";

void put_cell(std::string& out, std::string_view text, std::size_t width, align side, bool last) {
  auto fill = std::string(width - std::min(width, text.size()), ' ');
  if (side == align::right) out += fill;
  out += text;
  if (side == align::left && !last) out += fill;
  if (!last) out += gap;
}

} // namespace

std::string table::str() const {
  std::vector<std::size_t> widths;
  for (const auto& one : columns_)
    widths.push_back(one.title.size());
  auto shown = [](const std::string& cell) -> std::string_view {
    return cell.empty() ? std::string_view("-") : std::string_view(cell);
  };
  for (const auto& cells : rows_)
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], shown(cells[i]).size());
  std::string out;
  auto last = columns_.size() - 1;
  for (std::size_t i = 0; i <= last; ++i)
    put_cell(out, columns_[i].title, widths[i], columns_[i].side, i == last);
  out += '\n';
  for (const auto& cells : rows_) {
    for (std::size_t i = 0; i <= last; ++i)
      put_cell(out, shown(cells[i]), widths[i], columns_[i].side, i == last);
    out += '\n';
  }
  return out;
}

std::string span_text(std::uint64_t ms) {
  constexpr std::uint64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  if (ms < 10 * second) return fmt::format("{:.1f} s", static_cast<double>(ms) / second);
  if (ms < 2 * minute) return fmt::format("{} s", ms / second);
  if (ms < 2 * hour) return fmt::format("{} min", ms / minute);
  if (ms < 2 * day) return fmt::format("{} h", ms / hour);
  return fmt::format("{} d", ms / day);
}

std::string rate_text(std::uint64_t bits_per_second) {
  auto rate = static_cast<double>(bits_per_second);
  if (bits_per_second == 0) return "0";
  if (rate < 999.5e3) return fmt::format("{:.0f} kbit/s", rate / 1e3);
  if (rate < 999.5e6) return fmt::format("{:.1f} Mbit/s", rate / 1e6);
  return fmt::format("{:.1f} Gbit/s", rate / 1e9);
}

std::string number_text(double value) {
  auto out = fmt::format("{:.3f}", value);
  while (out.back() == '0')
    out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

std::string count_text(std::size_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

} // namespace sluice::roles::ctl
