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
struct set_drain {
  std::string node;
  bool drained = true;
};
struct set_weight {
  std::string node;
  std::optional<double> weight; ///< none: the node's own again
};
/// Nothing to change: the policy is shown.
struct change_policy {
  std::optional<std::uint32_t> copies, spread;
  std::optional<std::string> algorithm;
};
struct thaw_list {};
using command = std::variant<show_nodes, show_streams, show_enumeration, explain_key, set_drain, set_weight,
                             change_policy, thaw_list>;

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
