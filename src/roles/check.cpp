#include "roles/check.hpp"

#include "net/control/guard.hpp"
#include "net/core/listen.hpp"
#include "net/store/etcd_store.hpp"
#include "roles/cluster_plan.hpp"
#include "roles/secret_file.hpp"

#include <fmt/format.h>

#include <future>
#include <unistd.h>

namespace sluice::roles {

namespace {

class report {
public:
  void line(bool ok, std::string_view what, std::string_view detail) {
    fmt::print("{:4} {}{}{}\n", ok ? "ok" : "FAIL", what, detail.empty() ? "" : ": ", detail);
    failed_ = failed_ || !ok;
  }
  void line(std::string_view what, const result<void>& outcome) {
    line(outcome.has_value(), what, outcome ? "" : outcome.error().message);
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

private:
  bool failed_ = false;
};

void try_listening(report& out, const char* flag, const host_port& address) {
  boost::asio::io_context io;
  auto opened = net::open_listener(io, address, {.flag_name = flag});
  out.line(opened.has_value(), fmt::format("{} {}", flag, address.str()),
           opened ? "free" : opened.error().message);
}

void try_etcd(report& out, const options& chosen) {
  if (chosen.store != "etcd") return;
  net::etcd_options asked;
  asked.servers = net::etcd::parse_urls(chosen.etcd_urls).value();
  for (const auto& answer : net::ask_etcd(asked))
    out.line(answer.revision.has_value(), fmt::format("--etcd {}", answer.server.str()),
             answer.revision ? fmt::format("answers, at revision {}", *answer.revision)
                             : answer.revision.error().message);
}

void try_folder(report& out, const char* flag, const std::string& folder) {
  if (folder.empty()) return;
  bool writable = ::access(folder.c_str(), W_OK | X_OK) == 0;
  out.line(writable, fmt::format("{} {}", flag, folder), writable ? "writable" : "cannot be written to");
}

// Dials as the node would, so that a wrong secret or another cluster shows here and not at night.
void try_directories(report& out, const options& chosen, const std::string& secret) {
  if (chosen.directories.empty()) return;
  logger quiet;
  net::worker_pool pool(1, "check", quiet);
  net::guard guard(pool.at(0), {.cluster = chosen.cluster, .secret = secret}, quiet);
  pool.start();
  for (const auto& address : chosen.directories) {
    std::promise<result<void>> answered;
    guard.dial(address, pool.at(0), [&answered](const result<plane::control_line_ptr>& line) {
      answered.set_value(line ? result<void>{} : line.error());
    });
    auto reached = answered.get_future().get();
    out.line(reached.has_value(), fmt::format("--directory {}", address),
             reached ? "reached, and knows the secret" : reached.error().message);
  }
  guard.close();
  pool.stop();
}

} // namespace

int run_check(const options& chosen) {
  report out;
  out.line(true, fmt::format("options for --role {}", name(chosen.role)), "valid");
  auto secret = read_secret(chosen.secret_file);
  if (!chosen.secret_file.empty())
    out.line(fmt::format("--secret-file {}", chosen.secret_file),
             secret ? result<void>() : result<void>(secret.error()));
  for (const auto& n : plan_nodes(chosen, "check")) {
    try_listening(out, "--http-listen", n.http);
    if (n.role == cluster::node_role::origin) try_listening(out, "--rtmp-listen", n.rtmp);
    if (n.role == cluster::node_role::relay) try_listening(out, "--trunk-listen", n.trunk);
    if (n.role == cluster::node_role::directory) try_listening(out, "--control-listen", n.control);
  }
  try_folder(out, "--state-dir", chosen.state_dir);
  try_folder(out, "--record", chosen.record_dir);
  try_etcd(out, chosen);
  if (secret) try_directories(out, chosen, *secret);
  return out.failed() ? 1 : 0;
}

} // namespace sluice::roles
