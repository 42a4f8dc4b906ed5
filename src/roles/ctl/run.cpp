#include "roles/ctl/run.hpp"

#include "actors/operator_line.hpp"
#include "net/control/guard.hpp"
#include "net/http/api_json.hpp"
#include "roles/ctl/json.hpp"
#include "roles/ctl/options.hpp"
#include "roles/ctl/views.hpp"
#include "roles/secret_file.hpp"

#include <fmt/format.h>

namespace sluice::roles {

using namespace ctl;

namespace {

std::uint64_t unix_ms_now() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

std::string line(const boost::json::value& value) {
  return boost::json::serialize(value) + "\n";
}

/// Carries out one command: each overload returns what is to be printed.
struct conversation {
  const ctl::options& chosen;
  actors::operator_line& line_to;

  result<std::string> operator()(const show_nodes&) const {
    auto nodes = line_to.nodes();
    if (!nodes) return nodes.error();
    return chosen.json ? line(net::nodes_json(*nodes)) : nodes_view(*nodes);
  }

  result<std::string> operator()(const show_streams&) const {
    auto streams = line_to.streams();
    if (!streams) return streams.error();
    return chosen.json ? line(ctl::streams_json(*streams)) : streams_view(*streams, unix_ms_now());
  }

  result<std::string> operator()(const show_enumeration& wanted) const {
    auto found = line_to.enumerate(wanted.key, chosen.zone);
    if (!found) return found.error();
    if (!chosen.json) return enumeration_view(wanted.key, chosen.zone, *found);
    return line(net::enumeration_json(*stream_key::parse(wanted.key), chosen.zone, *found));
  }

  result<std::string> operator()(const explain_key& wanted) const {
    auto found = line_to.enumerate(wanted.key, chosen.zone);
    if (!found) return found.error();
    auto nodes = line_to.nodes();
    if (!nodes) return nodes.error();
    auto about = line_to.overview();
    if (!about) return about.error();
    if (!chosen.json) return explanation_view(wanted.key, chosen.zone, *found, *nodes, *about);
    return line(explanation_json(net::enumeration_json(*stream_key::parse(wanted.key), chosen.zone, *found),
                                 net::nodes_json(*nodes), *about));
  }
};

// The sockets live longer than the actors that use them.
result<std::string> carry_out(const ctl::options& chosen, const std::string& secret) {
  auto limit = std::chrono::milliseconds(static_cast<std::int64_t>(chosen.timeout_s * 1000));
  logger quiet;
  net::worker_pool pool(1, "ctl", quiet);
  net::guard_options guarded;
  guarded.cluster = chosen.cluster;
  guarded.secret = secret;
  guarded.connect_limit = limit;
  net::guard guard(pool.at(0), guarded, quiet);
  pool.start();
  result<std::string> out = error{errc::unavailable, ""};
  {
    actors::operator_line to(guard, limit);
    auto connected = to.connect(chosen.directories);
    out = connected ? std::visit(conversation{chosen, to}, chosen.what)
                    : error{errc::unavailable, "no directory answers: " + connected.error().message};
  }
  guard.close();
  pool.stop();
  return out;
}

int fail(const error& why, int status) {
  fmt::print(stderr, "sluice ctl: {}\n", why.message);
  return status;
}

} // namespace

int run_ctl(int argc, const char* const* argv) {
  auto read = read_options(argc, argv);
  if (!read) return fail(read.error(), 2);
  if (auto* help = std::get_if<help_text>(&*read)) {
    fmt::print("{}", help->text);
    return 0;
  }
  const auto& chosen = std::get<ctl::options>(*read);
  auto secret = read_secret(chosen.secret_file);
  if (!secret) return fail(secret.error(), 2);
  start_logging(log_level::error);
  auto text = carry_out(chosen, *secret);
  if (!text) return fail(text.error(), 1);
  fmt::print("{}", *text);
  return 0;
}

} // namespace sluice::roles
