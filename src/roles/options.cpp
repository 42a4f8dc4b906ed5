#include "roles/options.hpp"

#include "base/host_port.hpp"
#include "base/ids.hpp"
#include "cluster/directory_state.hpp"
#include "net/store/etcd_client.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace sluice::roles {

namespace {

error bad(std::string message) {
  return {errc::bad_argument, std::move(message)};
}

result<void> check_address(std::string_view option, const std::string& text) {
  if (auto parsed = host_port::parse(text); !parsed)
    return bad(fmt::format("{}: {}", option, parsed.error().message));
  return {};
}

result<void> check_addresses(const options& o) {
  for (auto [option, text] : std::array<std::pair<std::string_view, const std::string*>, 4>{
           {{"--rtmp-listen", &o.rtmp_listen},
            {"--http-listen", &o.http_listen},
            {"--trunk-listen", &o.trunk_listen},
            {"--control-listen", &o.control_listen}}})
    if (auto ok = check_address(option, *text); !ok) return ok;
  for (const auto& d : o.directories)
    if (auto ok = check_address("--directory", d); !ok) return ok;
  if (!o.trunk_advertise.empty()) return cluster::check_address("--trunk-advertise", o.trunk_advertise);
  return {};
}

// What directories would refuse, or pages could not use.
result<void> check_public_url(const options& o) {
  const auto& url = o.public_url;
  if (url.empty()) return {};
  bool origin = o.role == process_role::origin;
  auto schemes = origin ? std::array<std::string_view, 2>{"rtmp://", "rtmps://"}
                        : std::array<std::string_view, 2>{"http://", "https://"};
  if (!url.starts_with(schemes[0]) && !url.starts_with(schemes[1]))
    return bad(fmt::format("--public-url '{}': of an {} it begins with {} or {}", url, name(o.role),
                           schemes[0], schemes[1]));
  if (auto ok = cluster::check_public_url("--public-url", url); !ok) return bad(ok.error().message);
  return {};
}

// Beyond this machine, the trunk and the control port need the cluster's secret.
result<void> check_secret(const options& o) {
  if (!o.secret_file.empty()) {
    if (!std::filesystem::is_regular_file(o.secret_file))
      return bad(fmt::format("--secret-file: cannot read '{}'", o.secret_file));
    return {};
  }
  bool relay = o.role == process_role::relay, directory = o.role == process_role::directory;
  for (auto [listens, option, text] : std::array<std::tuple<bool, std::string_view, const std::string*>, 2>{
           {{relay, "--trunk-listen", &o.trunk_listen},
            {directory, "--control-listen", &o.control_listen}}}) {
    auto address = host_port::parse(*text);
    if (listens && address && !address->loopback())
      return bad(
          fmt::format("{} {} can be reached from other machines and needs --secret-file: the same file on "
                      "every node of the cluster (make one with: openssl rand -hex 32)",
                      option, *text));
  }
  return {};
}

result<void> check_relay_address(const options& o) {
  if (o.role != process_role::relay || !o.trunk_advertise.empty()) return {};
  auto address = host_port::parse(o.trunk_listen);
  if (address && (address->host.empty() || address->host == "0.0.0.0" || address->host == "::"))
    return bad(fmt::format("--trunk-listen {} says no address other nodes could use: name one with "
                           "--trunk-advertise HOST:PORT",
                           o.trunk_listen));
  for (const auto& text : o.directories) {
    auto directory = host_port::parse(text);
    if (address && address->loopback() && directory && !directory->loopback())
      return bad(fmt::format("--trunk-listen {} is for this machine only, and the directory {} would tell "
                             "nodes on others: listen where they can connect, or name another address with "
                             "--trunk-advertise HOST:PORT",
                             o.trunk_listen, text));
  }
  return {};
}

result<void> check_folder(std::string_view option, const std::string& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) return {};
  return bad(fmt::format("{}: '{}' is not a folder", option, folder));
}

} // namespace

std::string_view name(process_role role) noexcept {
  constexpr std::array<std::string_view, 5> names{"origin", "relay", "edge", "directory", "all"};
  return names[static_cast<std::size_t>(role)];
}

result<void> validate(const options& o) {
  for (auto [option, text] : std::array<std::pair<std::string_view, const std::string*>, 3>{
           {{"--node-id", &o.node_id}, {"--zone", &o.zone}, {"--cluster", &o.cluster}}})
    if (!text->empty() && !valid_node_id(*text))
      return bad(
          fmt::format("{}: '{}' is not usable; letters, digits and . _ - are, up to 64", option, *text));
  if (auto ok = check_addresses(o); !ok) return ok;
  if (auto ok = check_secret(o); !ok) return ok;
  if (auto ok = check_relay_address(o); !ok) return ok;
  if (auto ok = check_public_url(o); !ok) return ok;
  if (o.min_coalesce_ms > o.max_coalesce_ms)
    return bad(fmt::format("--min-coalesce {} is more than --max-coalesce {}", o.min_coalesce_ms,
                           o.max_coalesce_ms));
  if (auto ok = check_folder("--record", o.record_dir); !ok) return ok;
  if (auto ok = check_folder("--state-dir", o.state_dir); !ok) return ok;
  if (o.store == "etcd")
    if (auto urls = net::etcd::parse_urls(o.etcd_urls); !urls)
      return bad(fmt::format("--etcd: {}", urls.error().message));
  if ((o.role == process_role::edge || o.role == process_role::relay) && o.directories.empty())
    return bad(fmt::format("--role {} needs --directory HOST:PORT[,HOST:PORT...]: it finds its streams there",
                           name(o.role)));
  return {};
}

} // namespace sluice::roles
