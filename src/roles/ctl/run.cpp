#include "roles/ctl/run.hpp"

#include "actors/operator_line.hpp"
#include "cluster/node_list.hpp"
#include "net/control/guard.hpp"
#include "net/http/api_json.hpp"
#include "roles/ctl/json.hpp"
#include "roles/ctl/options.hpp"
#include "roles/ctl/text.hpp"
#include "roles/ctl/views.hpp"
#include "roles/nearest.hpp"
#include "roles/secret_file.hpp"

#include <fmt/format.h>

#include <thread>

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

error no_directory(const std::string& reasons) {
  return {errc::unavailable, "no directory answers: " + reasons};
}

/// Carries out one command: each overload returns what is to be printed.
struct conversation {
  const ctl::options& chosen;
  actors::operator_line& line_to;

  /// Directories do not know each other, so each is asked.
  result<std::string> operator()(const show_nodes&) const {
    std::vector<cluster::node_view> all;
    std::vector<plane::directory_status> directories;
    std::vector<std::string> reasons;
    for (const auto& address : chosen.directories) {
      auto& one = directories.emplace_back();
      one.address = address;
      auto nodes = nodes_at(address);
      one.connected = nodes.has_value();
      if (nodes)
        cluster::merge_nodes(all, std::move(*nodes));
      else
        reasons.push_back(one.problem = nodes.error().message);
    }
    if (reasons.size() == directories.size())
      return no_directory(fmt::format("{}", fmt::join(reasons, "; ")));
    return chosen.json ? line(net::nodes_json(all, directories)) : nodes_view(all, directories);
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
                                 net::nodes_json(*nodes, {}), *about));
  }

  result<std::string> operator()(const set_drain& wanted) const {
    cluster::policy_change change;
    change.what = wanted.drained ? cluster::policy_command::drain : cluster::policy_command::undrain;
    change.node = wanted.node;
    return tell(change, fmt::format("{} is {}drained", wanted.node, wanted.drained ? "" : "not "));
  }

  result<std::string> operator()(const set_weight& wanted) const {
    cluster::policy_change change;
    change.what = wanted.weight ? cluster::policy_command::weight : cluster::policy_command::own_weight;
    change.node = wanted.node;
    change.weight = wanted.weight.value_or(0);
    return tell(change, wanted.weight
                            ? fmt::format("{} has weight {}", wanted.node, number_text(*wanted.weight))
                            : fmt::format("{} has its own weight", wanted.node));
  }

  result<std::string> operator()(const change_policy& wanted) const {
    if (!wanted.copies && !wanted.spread && !wanted.algorithm) {
      auto about = line_to.overview();
      if (!about) return about.error();
      return chosen.json ? line(policy_json(*about)) : policy_view(*about, unix_ms_now());
    }
    cluster::policy_change change;
    change.what = cluster::policy_command::rules;
    change.copies = wanted.copies.value_or(0);
    change.spread = wanted.spread.value_or(0);
    change.algorithm = wanted.algorithm.value_or("");
    return tell(change, "");
  }

  result<std::string> operator()(const thaw_list&) const {
    auto thawed = line_to.thaw();
    if (!thawed) return thawed.error();
    if (chosen.json) return line(boost::json::object{{"thawed", *thawed}});
    return std::string(*thawed ? "thawed: relays that are not heard expire\n" : "nothing was frozen\n");
  }

private:
  [[nodiscard]] result<std::vector<cluster::node_view>> nodes_at(const std::string& address) const {
    auto connected = line_to.connect({address});
    if (!connected) return connected.error();
    return line_to.nodes();
  }

  // `done` says what was changed; without it, the policy is shown.
  [[nodiscard]] result<std::string> tell(const cluster::policy_change& change,
                                         const std::string& done) const {
    auto about = line_to.change(change);
    // Another operator was faster; what is in force now is the base of the next try.
    for (int more = 5; !about && about.error().code == errc::conflict && more > 0; --more) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      about = line_to.change(change);
    }
    if (!about && about.error().code == errc::not_found) return unknown_node(change.node);
    if (!about) return about.error();
    if (chosen.json) return line(policy_json(*about));
    return done.empty() ? policy_view(*about, unix_ms_now()) : done + "\n";
  }

  [[nodiscard]] error unknown_node(const std::string& id) const {
    std::vector<std::string> ids;
    if (auto nodes = line_to.nodes())
      for (const auto& n : *nodes)
        ids.push_back(n.id);
    auto meant = nearest(id, ids);
    return {errc::not_found, fmt::format("no node '{}'{}", id,
                                         meant ? fmt::format("; did you mean '{}'?", *meant)
                                               : "; sluice ctl nodes lists them")};
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
    conversation talk{chosen, to};
    if (std::holds_alternative<show_nodes>(chosen.what)) {
      out = talk(show_nodes{});
    } else {
      auto connected = to.connect(chosen.directories);
      out = connected ? std::visit(talk, chosen.what) : no_directory(connected.error().message);
    }
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
