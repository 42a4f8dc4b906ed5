// The commands of `sluice ctl`: their words, their help, and how their arguments are read. Pure.
#pragma once

#include "roles/ctl/options.hpp"

#include <span>
#include <string_view>

namespace sluice::roles::ctl {

struct command_help {
  std::string_view name, usage, help;
};

/// In the order in which `--help` shows them.
std::span<const command_help> commands();

/// Errors: `bad_argument`, naming the word that is wrong and what would be right.
result<command> read_command(const std::vector<std::string>& words);

} // namespace sluice::roles::ctl
