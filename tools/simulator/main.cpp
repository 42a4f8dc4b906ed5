// Simulates the enumeration at the size of a large cluster with the code that directories and nodes run: no
// sockets, no clock but its own. Prints tables with the bars, and says by its exit status whether they held.
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace {

using namespace sluice::simulate;

constexpr std::string_view usage = R"(usage: sluice_simulate [--short] [--seed N] [--plots FOLDER]

  --short         small sizes, to see that it works; bars that need the size are not judged
  --seed N        another audience (1)
  --plots FOLDER  writes the plots there, as SVG

Exit status: 0 all bars held, 1 one did not, 2 it could not be run.
)";

struct arguments {
  scale size;
  std::string plots;
};

arguments read(int count, char** words) {
  arguments out;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    auto value = [&]() -> const char* {
      if (i + 1 < count) return words[++i];
      fmt::print(stderr, "sluice_simulate: {} needs a value\n\n{}", word, usage);
      std::exit(2);
    };
    if (word == "--short") {
      out.size.full = false;
    } else if (word == "--seed") {
      out.size.seed = std::strtoull(value(), nullptr, 10);
    } else if (word == "--plots") {
      out.plots = value();
    } else {
      fmt::print(word == "--help" ? stdout : stderr, "{}", usage);
      std::exit(word == "--help" ? 0 : 2);
    }
  }
  return out;
}

std::string bar_of(const finding& one) {
  if (one.most) return fmt::format("<= {:.4g}", *one.most);
  if (one.least) return fmt::format(">= {:.4g}", *one.least);
  return "";
}

bool print(const report& what) {
  fmt::print("\n## {}\n{}\n\n| what | measured | bar | |\n|---|---|---|---|\n", what.title, what.setting);
  bool held = true;
  for (auto& one : what.findings) {
    bool judged = one.most || one.least;
    fmt::print("| {} | {:.3f}{}{} | {} | {} |\n", one.what, one.value, one.unit.empty() ? "" : " ", one.unit,
               bar_of(one),
               !judged      ? ""
               : one.held() ? "held"
                            : "NOT HELD");
    held = held && one.held();
  }
  std::fflush(stdout);
  return held;
}

void write(const std::string& folder, const plot& what) {
  auto path = folder + "/" + what.file;
  std::ofstream out(path, std::ios::trunc);
  out << what.svg;
  out.close();
  if (out) return;
  fmt::print(stderr, "sluice_simulate: cannot write {}\n", path);
  std::exit(2);
}

} // namespace

int main(int count, char** words) {
  auto given = read(count, words);
  bool held = true;
  for (auto* experiment : {hot_streams, membership, zones, speed}) {
    auto found = experiment(given.size);
    held = print(found) && held;
    if (!given.plots.empty())
      for (auto& one : found.plots)
        write(given.plots, one);
  }
  fmt::print("\n{}\n", held ? "All bars held." : "A bar was not held.");
  return held ? 0 : 1;
}
