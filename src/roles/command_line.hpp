// The command line, the environment and the configuration file, each option declared once. Precedence: flag,
// then SLUICE_... variable, then file, then default.
#pragma once

#include "roles/options.hpp"

#include <variant>

namespace sluice::roles {

/// What `--help` or `--version` prints; the process ends well after it.
struct text_to_print {
  std::string text;
};

/// Reads and validates. Errors: `bad_argument`, naming the flag, variable or key of which file, and what
/// would be right.
result<std::variant<options, text_to_print>> read_command_line(int argc, const char* const* argv);

} // namespace sluice::roles
