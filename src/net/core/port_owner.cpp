#include "net/core/port_owner.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace sluice::net {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view listen_state = "0A";

// One line of /proc/net/tcp: `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...`.
void collect_listeners(const char* table, std::uint16_t port, std::set<std::string>& links) {
  std::ifstream in(table);
  auto suffix = fmt::format(":{:04X}", port);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    if (state == listen_state && local.ends_with(suffix)) links.insert("socket:[" + inode + "]");
  }
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& links) {
  std::error_code failure;
  for (fs::directory_iterator at(process / "fd", failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code gone;
    if (links.contains(fs::read_symlink(at->path(), gone).string())) return true;
  }
  return false;
}

} // namespace

std::optional<port_owner> find_port_owner(std::uint16_t port) {
  std::set<std::string> links;
  collect_listeners("/proc/net/tcp", port, links);
  collect_listeners("/proc/net/tcp6", port, links);
  if (links.empty()) return {};
  std::error_code failure;
  for (fs::directory_iterator at("/proc", failure), end; !failure && at != end; at.increment(failure)) {
    auto text = at->path().filename().string();
    port_owner owner;
    auto [last, bad] = std::from_chars(text.data(), text.data() + text.size(), owner.pid);
    if (bad != std::errc{} || last != text.data() + text.size()) continue;
    if (!holds_one_of(at->path(), links)) continue;
    std::ifstream comm(at->path() / "comm");
    std::getline(comm, owner.name);
    return owner;
  }
  return {};
}

} // namespace sluice::net
