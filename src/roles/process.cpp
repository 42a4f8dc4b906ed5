#include "roles/process.hpp"

#include "roles/check.hpp"
#include "roles/cluster_plan.hpp"
#include "roles/command_line.hpp"
#include "roles/ctl/run.hpp"
#include "roles/node.hpp"
#include "roles/secret_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace sluice::roles {

using namespace std::chrono_literals;

namespace {

// Descriptors kept for listeners, files and connections between nodes.
constexpr rlim_t reserved_files = 200;

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

// Says which directories answer, once all do or a moment has passed.
void log_directories(const logger& log, const std::vector<std::unique_ptr<node>>& nodes) {
  auto until = std::chrono::steady_clock::now() + 1500ms;
  for (const auto& n : nodes) {
    auto seen = n->directories();
    while (seen.connected < seen.known && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(20ms);
      seen = n->directories();
    }
    if (seen.known == 0) continue;
    if (seen.connected == 0)
      log.warn("no directory answered", "id", n->identity().id, "directories", seen.each, "going_on_with",
               seen.list);
    else
      log.info("directories", "id", n->identity().id, "connected",
               fmt::format("{}/{}", seen.connected, seen.known), "each", seen.each);
  }
}

// An end that does not end is cut off: an operator's `stop` must work at any time.
void end_within(std::chrono::seconds limit, const logger& log) {
  std::thread([limit, log] {
    std::this_thread::sleep_for(limit);
    log.error("the orderly end took too long; cutting it off", "limit_s", limit.count());
    std::_Exit(3);
  }).detach();
}

// Waits until nobody needs the nodes any more, for `limit` at most, or until a second signal comes.
void drain(std::vector<std::unique_ptr<node>>& nodes, std::chrono::milliseconds limit,
           const sigset_t& signals, const logger& log) {
  using clock = std::chrono::steady_clock;
  // Pages that were sent away ask this very node for the others.
  constexpr auto stays_for_questions = 1s;
  constexpr timespec step{0, 50'000'000};
  auto began = clock::now();
  auto busy_until = began - stays_for_questions;
  // All viewers are gone a little before the time is over, and may still ask.
  for (auto& n : nodes)
    n->drain(limit * 8 / 10);
  while (clock::now() - began < limit) {
    bool idle = std::all_of(nodes.begin(), nodes.end(), [](const auto& n) { return n->idle(); });
    auto now = clock::now();
    if (!idle) busy_until = now;
    if (now - busy_until >= stays_for_questions) return;
    if (sigtimedwait(&signals, nullptr, &step) > 0) return log.info("told again; ending at once");
  }
  log.warn("not everybody left in time", "limit_ms", limit.count());
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
  log_directories(log, nodes);
  log.info("ready", "version", SLUICE_VERSION, "pid", ::getpid(), "open_files", files, "viewers_at_most",
           files > reserved_files ? files - reserved_files : 0);
  int signal = 0;
  ::sigwait(&signals, &signal);
  log.info("ending", "signal", signal == SIGINT ? "SIGINT" : "SIGTERM");
  std::chrono::milliseconds drain_limit(static_cast<std::int64_t>(chosen.drain_timeout_s * 1000));
  // With a whole cluster in one process there is nowhere else to go.
  if (nodes.size() == 1 && drain_limit > 0ms) drain(nodes, drain_limit, signals, log);
  end_within(5s, log);
  std::vector<std::thread> stopping;
  for (auto& n : nodes)
    stopping.emplace_back([&n] { n->stop(); });
  for (auto& t : stopping)
    t.join();
  log.info("ended");
  return 0;
}

} // namespace

int run_process(int argc, const char* const* argv) {
  if (argc > 1 && std::string_view(argv[1]) == "ctl") return run_ctl(argc - 1, argv + 1);
  std::vector<const char*> arguments(argv, argv + argc);
  bool check = argc > 1 && std::string_view(argv[1]) == "check";
  if (check) arguments.erase(arguments.begin() + 1);
  auto read = read_command_line(static_cast<int>(arguments.size()), arguments.data());
  if (!read) return fail(read.error(), 2);
  if (auto* print = std::get_if<text_to_print>(&*read)) {
    fmt::print("{}", print->text);
    return 0;
  }
  auto signals = block_signals();
  const auto& chosen = std::get<options>(*read);
  start_logging(check ? log_level::error : chosen.least);
  if (check) return run_check(chosen);
  return run_nodes(chosen, signals);
}

} // namespace sluice::roles
