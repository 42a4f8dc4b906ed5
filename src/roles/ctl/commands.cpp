#include "roles/ctl/commands.hpp"

#include "base/ids.hpp"
#include "cluster/snapshot.hpp"
#include "roles/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::roles::ctl {

namespace {

using words = std::span<const std::string>;

constexpr std::array<command_help, 9> all_commands{{
    {"nodes", "nodes", "Every node: role, state, zone, load, when it was last heard"},
    {"streams", "streams", "Every stream: state, origin, age, tracks"},
    {"enumerate", "enumerate KEY", "Who would serve the stream live/room1, in order"},
    {"explain", "explain KEY", "The same with the reasons: state, zone, score, load"},
    {"drain", "drain NODE", "Take a relay's streams away, smoothly; survives its restarts"},
    {"undrain", "undrain NODE", "Let it take streams again"},
    {"weight", "weight NODE W|own", "Its share among the relays; own: as its --weight says"},
    {"policy", "policy [copies N] [spread N] [algorithm A]", "Show the policy, or change it everywhere"},
    {"thaw", "thaw", "Let relays expire that were kept because most fell silent"},
}};

error bad(std::string message) {
  return {errc::bad_argument, std::move(message)};
}

error wrong_usage(std::string_view name) {
  auto found = std::find_if(all_commands.begin(), all_commands.end(),
                            [&](const command_help& one) { return one.name == name; });
  return bad(fmt::format("usage: sluice ctl {}", found->usage));
}

template <class Number>
std::optional<Number> read_number(const std::string& text) {
  Number out{};
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

template <class Command>
result<command> without_arguments(std::string_view name, words arguments) {
  if (!arguments.empty()) return wrong_usage(name);
  return command(Command{});
}

template <class Command>
result<command> with_key(std::string_view name, words arguments) {
  if (arguments.size() != 1) return wrong_usage(name);
  auto key = stream_key::parse(arguments[0]);
  if (!key) return bad(fmt::format("KEY '{}': {}", arguments[0], key.error().message));
  return command(Command{key->str()});
}

result<std::string> read_node(const std::string& word) {
  if (valid_node_id(word)) return word;
  return bad(fmt::format("NODE '{}': letters, digits and . _ - are usable, up to 64", word));
}

result<command> read_drain(const std::string& name, words arguments) {
  if (arguments.size() != 1) return wrong_usage(name);
  auto node = read_node(arguments[0]);
  if (!node) return node.error();
  return command(set_drain{*node, name == "drain"});
}

result<command> read_weight(const std::string& name, words arguments) {
  if (arguments.size() != 2) return wrong_usage(name);
  auto node = read_node(arguments[0]);
  if (!node) return node.error();
  if (arguments[1] == "own") return command(set_weight{*node, std::nullopt});
  auto weight = read_number<double>(arguments[1]);
  if (!weight) return bad(fmt::format("W '{}': a number such as 0.5, or own, is wanted", arguments[1]));
  if (auto ok = cluster::check_weight(*weight); !ok) return ok.error();
  return command(set_weight{*node, weight});
}

result<command> read_policy(words arguments) {
  change_policy out;
  if (arguments.size() % 2 != 0) return wrong_usage("policy");
  for (; !arguments.empty(); arguments = arguments.subspan(2)) {
    const auto& name = arguments[0];
    const auto& value = arguments[1];
    if (name == "algorithm") {
      out.algorithm = value;
      continue;
    }
    if (name != "copies" && name != "spread")
      return bad(fmt::format("policy has no '{}'; it has copies, spread and algorithm", name));
    auto number = read_number<std::uint32_t>(value);
    if (!number) return bad(fmt::format("policy {} '{}': a whole number is wanted", name, value));
    (name == "copies" ? out.copies : out.spread) = number;
  }
  return command(std::move(out));
}

error unknown_command(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& one : all_commands)
    names.emplace_back(one.name);
  auto meant = nearest(word, names);
  return bad(fmt::format("unknown command '{}'{}", word,
                         meant ? fmt::format("; did you mean '{}'?", *meant)
                               : fmt::format("; there are {}", fmt::join(names, ", "))));
}

} // namespace

std::span<const command_help> commands() {
  return all_commands;
}

result<command> read_command(const std::vector<std::string>& given) {
  if (given.empty()) return bad("a command is missing: nodes, streams, ...; sluice ctl --help lists them");
  const auto& name = given.front();
  auto arguments = words(given).subspan(1);
  if (name == "nodes") return without_arguments<show_nodes>(name, arguments);
  if (name == "streams") return without_arguments<show_streams>(name, arguments);
  if (name == "enumerate") return with_key<show_enumeration>(name, arguments);
  if (name == "explain") return with_key<explain_key>(name, arguments);
  if (name == "drain" || name == "undrain") return read_drain(name, arguments);
  if (name == "weight") return read_weight(name, arguments);
  if (name == "policy") return read_policy(arguments);
  if (name == "thaw") return without_arguments<thaw_list>(name, arguments);
  return unknown_command(name);
}

} // namespace sluice::roles::ctl
