#include "roles/ctl/run.hpp"

#include "actors/operator_line.hpp"
#include "base/unix_time.hpp"
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

  result<std::string> operator()(const show_nodes&) const {
    std::vector<cluster::node_view> all;
    auto asked = each_directory([&]() -> result<void> {
      auto nodes = line_to.nodes();
      if (!nodes) return nodes.error();
      cluster::merge_nodes(all, std::move(*nodes));
      return {};
    });
    if (!asked) return asked.error();
    return chosen.json ? line(net::nodes_json(all, *asked)) : nodes_view(all, *asked);
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
    bool any = false;
    auto told = each_directory([&]() -> result<void> {
      auto thawed = line_to.thaw();
      if (!thawed) return thawed.error();
      any = any || *thawed;
      return {};
    });
    if (!told) return told.error();
    return chosen.json ? line(thaw_json(any, *told)) : thaw_view(any, *told);
  }

private:
  /// Directories do not know each other, and each lists what it hears itself: `ask` is called with every one
  /// that can be reached. Says which answered; it is an error when none did.
  template <class Ask>
  [[nodiscard]] result<std::vector<plane::directory_status>> each_directory(Ask ask) const {
    std::vector<plane::directory_status> out;
    std::vector<std::string> reasons;
    for (const auto& address : chosen.directories) {
      auto& one = out.emplace_back();
      one.address = address;
      auto connected = line_to.connect({address});
      auto done = connected ? ask() : result<void>(connected.error());
      one.connected = done.has_value();
      if (!done) reasons.push_back(one.problem = done.error().message);
    }
    if (reasons.size() == out.size()) return no_directory(fmt::format("{}", fmt::join(reasons, "; ")));
    return out;
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

/// Whether every directory is asked; else the first that answers.
bool asks_each(const command& what) {
  return std::holds_alternative<show_nodes>(what) || std::holds_alternative<thaw_list>(what);
}

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
    result<std::string> connected = chosen.directories.front();
    if (!asks_each(chosen.what)) connected = to.connect(chosen.directories);
    out = connected ? std::visit(talk, chosen.what) : no_directory(connected.error().message);
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
