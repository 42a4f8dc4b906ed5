// Request path to embedded file. The player's page holds the relative way up to the server's root, so there
// is one for each number of segments a key can have.

#include "net/http/embedded_files.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sluice::net::http {

namespace {

constexpr std::string_view watch_prefix = "/watch/";
constexpr std::array<std::string_view, 4> watch_pages{"watch-1.html", "watch.html", "watch-3.html",
                                                      "watch-4.html"};

std::string_view name_for(std::string_view target) {
  if (target == "/") return "index.html";
  if (!target.starts_with(watch_prefix)) return target.substr(std::min<std::size_t>(target.size(), 1));
  const auto slashes = static_cast<std::size_t>(std::ranges::count(target.substr(watch_prefix.size()), '/'));
  return slashes < watch_pages.size() ? watch_pages[slashes] : std::string_view{};
}

} // namespace

const embedded_file* find_embedded_file(std::string_view target) {
  const auto files = embedded_files();
  const auto found = std::ranges::find(files, name_for(target), &embedded_file::path);
  return found == files.end() ? nullptr : &*found;
}

} // namespace sluice::net::http
