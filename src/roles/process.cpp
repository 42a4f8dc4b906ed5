#include "roles/process.hpp"

#include "roles/cluster_plan.hpp"
#include "roles/command_line.hpp"
#include "roles/node.hpp"

#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace sluice::roles {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Each viewer is a descriptor: take what the system allows.
rlim_t raise_open_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

result<std::string> read_secret(const std::string& file) {
  if (file.empty()) return std::string{};
  std::ifstream in(file);
  std::string secret;
  if (!in || !std::getline(in, secret) || secret.size() < 16)
    return error{errc::bad_argument,
                 fmt::format("--secret-file: the first line of '{}' must hold 16 characters or more", file)};
  return secret;
}

// Signals are taken by `wait_for_signal` alone, so they are blocked before any thread starts.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

int fail(const error& why, int status) {
  fmt::print(stderr, "sluice: {}\n", why.message);
  return status;
}

void log_start(const logger& log, const node& n, const node_ports& ports) {
  const auto& who = n.identity();
  auto address = [](const host_port& listen, std::uint16_t port) {
    return port == 0 ? std::string("-") : host_port{listen.host, port}.str();
  };
  log.info("node started", "role", cluster::name(who.role), "id", who.id, "workers", who.workers, "http",
           address(who.http, ports.http), "rtmp", address(who.rtmp, ports.rtmp), "trunk",
           address(who.trunk, ports.trunk), "control", address(who.control, ports.control), "directories",
           fmt::format("{}", fmt::join(who.directories, ",")));
}

int run_nodes(const options& chosen, const sigset_t& signals) {
  logger log;
  auto files = raise_open_file_limit();
  auto secret = read_secret(chosen.secret_file);
  if (!secret) return fail(secret.error(), 2);
  std::vector<std::unique_ptr<node>> nodes;
  for (auto& identity : plan_nodes(chosen, host_name())) {
    nodes.push_back(std::make_unique<node>(std::move(identity), chosen, *secret));
    auto ports = nodes.back()->start();
    if (!ports) return fail(ports.error(), 1);
    log_start(log, *nodes.back(), *ports);
  }
  log.info("ready", "version", SLUICE_VERSION, "open_files", files, "pid", ::getpid());
  int signal = 0;
  ::sigwait(&signals, &signal);
  log.info("ending", "signal", signal == SIGINT ? "SIGINT" : "SIGTERM");
  while (!nodes.empty())
    nodes.pop_back(); // the last started ends first: edges before what feeds them
  log.info("ended");
  return 0;
}

} // namespace

int run_process(int argc, const char* const* argv) {
  auto read = read_command_line(argc, argv);
  if (!read) return fail(read.error(), 2);
  if (auto* print = std::get_if<text_to_print>(&*read)) {
    fmt::print("{}", print->text);
    return 0;
  }
  auto signals = block_signals();
  const auto& chosen = std::get<options>(*read);
  start_logging(chosen.least);
  return run_nodes(chosen, signals);
}

} // namespace sluice::roles
