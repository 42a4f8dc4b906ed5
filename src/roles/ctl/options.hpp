// What an operator asks of a cluster with `sluice ctl`, as plain values. Read once per process.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice::roles::ctl {

/// The arguments of each command were checked for their form, not against the cluster.
struct show_nodes {};
struct show_streams {};
struct show_enumeration {
  std::string key;
};
struct explain_key {
  std::string key;
};
using command = std::variant<show_nodes, show_streams, show_enumeration, explain_key>;

struct options {
  std::vector<std::string> directories{"127.0.0.1:7700"};
  std::string cluster = "sluice";
  std::string secret_file;
  std::string zone; ///< asked for
  double timeout_s = 2;
  bool json = false;
  command what;
};

/// What `--help` prints.
struct help_text {
  std::string text;
};

/// Reads what follows `sluice ctl`; `argv[0]` is skipped. Precedence as for nodes: flag, SLUICE_... variable,
/// file (whose other keys are a node's and are left alone). Errors: `bad_argument`, saying what would be
/// right.
result<std::variant<options, help_text>> read_options(int argc, const char* const* argv);

} // namespace sluice::roles::ctl
