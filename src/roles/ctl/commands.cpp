#include "roles/ctl/commands.hpp"

#include "base/ids.hpp"
#include "roles/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::roles::ctl {

namespace {

using words = std::span<const std::string>;

constexpr std::array<command_help, 4> all_commands{{
    {"nodes", "nodes", "Every node: role, state, zone, load, when it was last heard"},
    {"streams", "streams", "Every stream: state, origin, age, tracks"},
    {"enumerate", "enumerate KEY", "Who would serve the stream live/room1, in order"},
    {"explain", "explain KEY", "The same with the reasons: state, zone, score, load"},
}};

error bad(std::string message) {
  return {errc::bad_argument, std::move(message)};
}

error wrong_usage(std::string_view name) {
  auto found = std::find_if(all_commands.begin(), all_commands.end(),
                            [&](const command_help& one) { return one.name == name; });
  return bad(fmt::format("usage: sluice ctl {}", found->usage));
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
  return unknown_command(name);
}

} // namespace sluice::roles::ctl
