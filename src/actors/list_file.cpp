#include "actors/list_file.hpp"

#include "cluster/snapshot.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sys/stat.h>
#include <system_error>

namespace sluice::actors {

namespace {

error failed(const std::string& path, std::string_view what) {
  return {errc::io, fmt::format("{}: cannot {}: {}", path, what, std::generic_category().message(errno))};
}

} // namespace

result<void> save_list(const std::string& path, const cluster::snapshot& list) {
  auto beside = path + ".new";
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out << cluster::to_json(list) << '\n';
  out.close();
  if (!out) return failed(beside, "write");
  if (std::rename(beside.c_str(), path.c_str()) != 0) return failed(path, "replace");
  return {};
}

result<saved_list> load_list(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    return errno == ENOENT ? error{errc::not_found, path + ": no such file"} : failed(path, "read");
  if (static_cast<std::uint64_t>(about.st_size) > cluster::max_snapshot_json)
    return error{errc::too_large,
                 fmt::format("{}: {} bytes; at most {}", path, about.st_size, cluster::max_snapshot_json)};
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in) return failed(path, "read");
  auto list = cluster::snapshot_from_json(text);
  if (!list) return error{list.error().code, path + ": " + list.error().message};
  saved_list out;
  out.list = std::move(*list);
  out.saved_unix_ms = static_cast<std::uint64_t>(about.st_mtim.tv_sec) * 1000 +
                      static_cast<std::uint64_t>(about.st_mtim.tv_nsec) / 1'000'000;
  return out;
}

} // namespace sluice::actors
