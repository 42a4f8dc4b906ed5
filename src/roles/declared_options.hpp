// Every option of a node: its flag, help, range, and the roles it means something to. For the reader of the
// command line, which says where values come from.
#pragma once

#include "roles/options.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <set>
#include <string>

namespace sluice::roles {

class declared_options {
public:
  using role_set = std::set<process_role>;

  /// What is read goes to `to`, which outlives this.
  explicit declared_options(options& to);

  CLI::App& app() { return app_; }
  /// The file that `--config` names; may be empty.
  [[nodiscard]] const std::string& file() const { return file_; }
  /// By flag, the roles it means something to.
  [[nodiscard]] const std::map<std::string, role_set>& usable() const { return usable_; }

private:
  template <class T>
  CLI::Option* add(const char* group, const char* flag, T& to, const char* help, role_set roles);
  void declare_node(options& o);
  void declare_addresses(options& o);
  void declare_streams(options& o);
  void declare_all_in_one(options& o);

  CLI::App app_;
  std::string file_;
  std::map<std::string, role_set> usable_;
};

} // namespace sluice::roles
