#include "roles/cluster_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace sluice::roles {

namespace {

constexpr std::uint32_t edge_http = 8080, origin_http = 8200, relay_http = 8300, directory_http = 8400;
constexpr std::uint32_t origin_rtmp = 1935, relay_trunk = 8500, directory_control = 7700;

host_port parsed(const std::string& text) {
  return host_port::parse(text).value();
}

cluster::node_role role_of(process_role role) {
  switch (role) {
  case process_role::origin:
    return cluster::node_role::origin;
  case process_role::relay:
    return cluster::node_role::relay;
  case process_role::directory:
    return cluster::node_role::directory;
  case process_role::edge:
  case process_role::all:
    break;
  }
  return cluster::node_role::edge;
}

// A host name may hold what a node id must not.
std::string usable_id(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !valid_node_id(std::string_view(&c, 1)); }, '-');
  return text.substr(0, max_node_id);
}

node_identity single_node(const options& o, const std::string& host_name) {
  node_identity n;
  n.role = role_of(o.role);
  n.id = o.node_id.empty() ? usable_id(fmt::format("{}-{}", name(o.role), host_name)) : o.node_id;
  n.workers = o.workers ? o.workers : std::max(1U, std::thread::hardware_concurrency());
  n.http = parsed(o.http_listen);
  n.rtmp = parsed(o.rtmp_listen);
  n.trunk = parsed(o.trunk_listen);
  n.control = parsed(o.control_listen);
  n.trunk_advertise = o.trunk_advertise;
  n.public_url = o.public_url;
  n.directories = o.directories;
  n.state_dir = o.state_dir;
  return n;
}

// The nodes of one process talk to each other over loopback; viewers and publishers come from anywhere.
class simulated_cluster {
public:
  explicit simulated_cluster(const options& o) : options_(o) {}

  std::vector<node_identity> nodes() {
    for (std::uint32_t i = 0; i < options_.directory_count; ++i)
      directories_.push_back(local(directory_control + i).str());
    for (std::uint32_t i = 0; i < options_.directory_count; ++i) {
      auto& n = add(cluster::node_role::directory, directory_http, i);
      n.control = local(directory_control + i);
      n.directories.clear();
    }
    for (std::uint32_t i = 0; i < options_.relays; ++i)
      add(cluster::node_role::relay, relay_http, i).trunk = local(relay_trunk + i);
    for (std::uint32_t i = 0; i < options_.origins; ++i)
      add(cluster::node_role::origin, origin_http, i).rtmp = anywhere(origin_rtmp + i);
    for (std::uint32_t i = 0; i < options_.edges; ++i)
      add(cluster::node_role::edge, edge_http, i);
    return std::move(nodes_);
  }

private:
  [[nodiscard]] std::uint16_t port(std::uint32_t base) const {
    return static_cast<std::uint16_t>(base + options_.port_shift);
  }
  [[nodiscard]] host_port local(std::uint32_t base) const { return {"127.0.0.1", port(base)}; }
  [[nodiscard]] host_port anywhere(std::uint32_t base) const { return {"", port(base)}; }

  node_identity& add(cluster::node_role role, std::uint32_t http, std::uint32_t index) {
    node_identity n;
    n.role = role;
    n.id = fmt::format("{}-{}", cluster::name(role), index + 1);
    n.workers = options_.workers ? options_.workers : 1;
    n.http = anywhere(http + index);
    n.directories = directories_;
    if (role == cluster::node_role::edge) n.public_url = fmt::format("http://127.0.0.1:{}", n.http.port);
    if (!options_.state_dir.empty())
      n.state_dir = (std::filesystem::path(options_.state_dir) / n.id).string();
    return nodes_.emplace_back(std::move(n));
  }

  const options& options_;
  std::vector<std::string> directories_;
  std::vector<node_identity> nodes_;
};

} // namespace

std::vector<node_identity> plan_nodes(const options& chosen, const std::string& host_name) {
  if (chosen.role != process_role::all) return {single_node(chosen, host_name)};
  return simulated_cluster(chosen).nodes();
}

} // namespace sluice::roles
