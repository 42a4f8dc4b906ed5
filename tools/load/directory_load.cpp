// Asks a directory as many nodes do: connections over the guarded control port, each with a window of
// enumerations under way, and very many nodes kept registered. Leaves one line of JSON.
#include "directory_link.hpp"
#include "node_crowd.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <sys/resource.h>
#include <thread>

using namespace sluice;
using namespace sluice::load;
using namespace std::chrono_literals;

namespace {

/// A directory's list settles, and relays that just joined become ready.
constexpr auto settle = 4s;
/// Until every node of the crowd is listed.
constexpr auto entering = 120s;
/// A node's heartbeats.
constexpr auto period = 1000ms;

struct choice {
  std::string directory = "127.0.0.1:7700";
  std::size_t links = 4, window = 32, nodes = 1000, crowd = 0, relays = 50, keys = 1000;
  double seconds = 5;
};

using links = std::vector<std::unique_ptr<directory_link>>;

result<void> connect(links& all, net::guard& sockets, const choice& chosen) {
  for (std::size_t i = 0; i < chosen.links; ++i) {
    auto link = directory_link::connect(sockets, chosen.directory);
    if (!link) return link.error();
    all.push_back(std::move(*link));
  }
  for (std::size_t i = 0; i < chosen.nodes; ++i)
    if (auto ok = all[i % all.size()]->enter(i, i < chosen.relays); !ok) return ok;
  for (auto& link : all)
    link->keep_alive(period);
  return {};
}

// The words `begin` and `end` on standard output bound the time measured. All stay connected until a line
// comes on standard input, or its end; then comes what was measured.
result<void> measure(net::worker_pool& pool, net::guard& sockets, const choice& chosen) {
  links all;
  if (auto ok = connect(all, sockets, chosen); !ok) return ok;
  node_crowd crowd(pool.at(1), {all[0]->types(), all[0]->directory(), chosen.relays},
                   {chosen.directory, chosen.nodes, chosen.crowd, period});
  if (auto ok = crowd.enter(entering); !ok) return ok;
  std::this_thread::sleep_for(settle);
  for (auto& link : all)
    link->ask(chosen.window, chosen.keys);
  fmt::print("begin\n");
  std::fflush(stdout);
  std::this_thread::sleep_for(std::chrono::duration<double>(chosen.seconds));
  fmt::print("end\n");
  std::fflush(stdout);
  std::getchar();
  tally told;
  for (auto& link : all)
    told += link->stop();
  fmt::print("{{\"asked\": {}, \"crowd\": {}}}\n", told.json(chosen.seconds), crowd.stop().json());
  return {};
}

} // namespace

int main(int count, char** words) {
  choice chosen;
  CLI::App app("Asks a directory for enumerations, over connections as nodes have them.",
               "sluice_directory_load");
  app.add_option("--directory", chosen.directory, "HOST:PORT")->capture_default_str();
  app.add_option("--links", chosen.links, "Connections that ask")->capture_default_str();
  app.add_option("--window", chosen.window, "Questions under way on each")->capture_default_str();
  app.add_option("--nodes", chosen.nodes, "Nodes kept registered over the connections that ask")
      ->capture_default_str();
  app.add_option("--crowd", chosen.crowd, "Nodes with a connection each, beside")->capture_default_str();
  app.add_option("--relays", chosen.relays, "How many of all nodes are relays")->capture_default_str();
  app.add_option("--keys", chosen.keys, "Streams asked for, in turn")->capture_default_str();
  app.add_option("--seconds", chosen.seconds, "How long")->capture_default_str();
  CLI11_PARSE(app, count, words);
  if (chosen.links == 0 || chosen.nodes < chosen.links) {
    fmt::print(stderr,
               "sluice_directory_load: --links must be 1 at least, and --nodes one for each: a connection "
               "whose node sends no heartbeats is closed\n");
    return 1;
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  logger quiet;
  net::worker_pool pool(2, "load", quiet);
  net::guard sockets(pool.at(0), {}, quiet);
  pool.start();
  auto ok = measure(pool, sockets, chosen);
  sockets.close();
  pool.stop();
  if (!ok) fmt::print(stderr, "sluice_directory_load: {}\n", ok.error().message);
  return ok ? 0 : 1;
}
