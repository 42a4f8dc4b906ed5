#include "chart.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace sluice::simulate {

namespace {

constexpr double width = 760, height = 440;
constexpr double left = 76, right = 24, top = 56, bottom = 116;
constexpr double plot_width = width - left - right, plot_height = height - top - bottom;
// Told apart without colour vision, too (Okabe and Ito).
constexpr std::array<std::string_view, 6> colours{"#0072b2", "#d55e00", "#009e73",
                                                  "#cc79a7", "#e69f00", "#56b4e9"};
constexpr std::string_view ink = "#24292f", faint = "#d8dee4";

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else
      out += c;
  }
  return out;
}

std::string text(double x, double y, std::string_view anchor, int size, std::string_view what,
                 std::string_view more = {}) {
  return fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='{}' font-size='{}' fill='{}'{}>{}</text>\n", x,
                     y, anchor, size, ink, more, escaped(what));
}

double place(const axis& on, double value) {
  return (value - on.from) / (on.to - on.from);
}
double x_of(const axis& on, double value) {
  return left + place(on, value) * plot_width;
}
double y_of(const axis& on, double value) {
  return top + (1 - place(on, value)) * plot_height;
}

std::string frame(std::string_view title, std::string_view x_label, const axis& y) {
  auto out = fmt::format("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' "
                         "height='{1}' font-family='Helvetica, Arial, sans-serif'>\n"
                         "<rect width='{0}' height='{1}' fill='white'/>\n",
                         width, height);
  out += text(left, 30, "start", 17, title, " font-weight='bold'");
  for (auto& [value, label] : y.ticks) {
    auto at = y_of(y, value);
    out += fmt::format("<line x1='{}' x2='{}' y1='{:.1f}' y2='{:.1f}' stroke='{}'/>\n", left, width - right,
                       at, at, faint);
    out += text(left - 8, at + 4, "end", 12, label);
  }
  out += text(left + plot_width / 2, height - bottom + 42, "middle", 13, x_label);
  auto middle = top + plot_height / 2;
  out += text(20, middle, "middle", 13, y.label, fmt::format(" transform='rotate(-90 20 {:.1f})'", middle));
  return out;
}

std::string base_line() {
  return fmt::format("<line x1='{0}' x2='{1}' y1='{2}' y2='{2}' stroke='{3}'/>\n", left, width - right,
                     height - bottom, ink);
}

/// Marks and labels in rows below the axis; `mark` draws one at (x, y).
template <class Marks>
std::string legend(const std::vector<std::string>& labels, Marks mark) {
  std::string out;
  double x = left, y = height - 44;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto wide = 46 + static_cast<double>(labels[i].size()) * 6.6;
    if (x > left && x + wide > width) {
      x = left;
      y += 20;
    }
    out += mark(i, x, y);
    out += text(x + 30, y + 4, "start", 12, labels[i]);
    x += wide;
  }
  return out;
}

std::string_view dash(const line& one) {
  return one.dashed ? " stroke-dasharray='6 5'" : "";
}

std::string_view colour_of(const chart& what, std::size_t index) {
  return what.lines[index].dashed ? ink : colours[index % colours.size()];
}

} // namespace

std::vector<std::pair<double, std::string>> ticks(double from, double to, double step, int decimals) {
  std::vector<std::pair<double, std::string>> out;
  auto count = std::lround((to - from) / step);
  for (long i = 0; i <= count; ++i) {
    auto value = from + static_cast<double>(i) * step;
    out.emplace_back(value, fmt::format("{:.{}f}", value, decimals));
  }
  return out;
}

std::string draw(const chart& what) {
  auto out = frame(what.title, what.x.label, what.y);
  for (auto& [value, label] : what.x.ticks) {
    auto at = x_of(what.x, value);
    out += fmt::format("<line x1='{0:.1f}' x2='{0:.1f}' y1='{1}' y2='{2}' stroke='{3}'/>\n", at,
                       height - bottom, height - bottom + 5, ink);
    out += text(at, height - bottom + 20, "middle", 12, label);
  }
  out += base_line();
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < what.lines.size(); ++i) {
    auto& one = what.lines[i];
    std::string points;
    for (auto& [x, y] : one.points)
      points += fmt::format("{:.1f},{:.1f} ", x_of(what.x, x), y_of(what.y, y));
    out += fmt::format("<polyline points='{}' fill='none' stroke='{}' stroke-width='2'{}/>\n", points,
                       colour_of(what, i), dash(one));
    labels.push_back(one.label);
  }
  out += legend(labels, [&](std::size_t i, double x, double y) {
    return fmt::format(
        "<line x1='{:.1f}' x2='{:.1f}' y1='{:.1f}' y2='{:.1f}' stroke='{}' stroke-width='2'{}/>\n", x, x + 24,
        y, y, colour_of(what, i), dash(what.lines[i]));
  });
  return out + "</svg>\n";
}

std::string draw(const bar_chart& what) {
  auto out = frame(what.title, what.x_label, what.y);
  auto group = plot_width / static_cast<double>(what.groups.size());
  auto bar = group * 0.7 / static_cast<double>(what.series.size());
  std::vector<std::string> labels;
  for (std::size_t s = 0; s < what.series.size(); ++s) {
    auto& [label, values] = what.series[s];
    labels.push_back(label);
    for (std::size_t g = 0; g < values.size(); ++g) {
      auto x = left + group * (static_cast<double>(g) + 0.15) + bar * static_cast<double>(s);
      auto y = y_of(what.y, values[g]);
      out += fmt::format("<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='{}'/>\n", x, y,
                         bar * 0.92, height - bottom - y, colours[s % colours.size()]);
      out += text(x + bar * 0.46, y - 5, "middle", 11, fmt::format("{:.3g}", values[g]));
    }
  }
  for (std::size_t g = 0; g < what.groups.size(); ++g)
    out += text(left + group * (static_cast<double>(g) + 0.5), height - bottom + 20, "middle", 12,
                what.groups[g]);
  out += base_line();
  out += legend(labels, [&](std::size_t i, double x, double y) {
    return fmt::format("<rect x='{:.1f}' y='{:.1f}' width='14' height='14' fill='{}'/>\n", x + 8, y - 8,
                       colours[i % colours.size()]);
  });
  return out + "</svg>\n";
}

} // namespace sluice::simulate
