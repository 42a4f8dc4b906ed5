#include "roles/command_line.hpp"

#include "roles/declared_options.hpp"
#include "roles/nearest.hpp"
#include "roles/option_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace sluice::roles {

namespace {

// `dashes`: 2 to name the flag, 0 to name the key.
std::string suggest(const declared_options& declared, std::string_view unknown, std::size_t dashes) {
  std::vector<std::string> keys;
  for (const auto& [flag, roles] : declared.usable())
    keys.push_back(flag.substr(2));
  auto best = nearest(unknown, keys);
  return best ? fmt::format("; did you mean '{}{}'?", std::string(dashes, '-'), *best)
              : "; --help lists them";
}

error bad(std::string message) {
  return {errc::bad_argument, std::move(message)};
}

/// Takes what the variable of `flag` says, if there is one and the flag was not given.
result<void> apply_variable(declared_options& declared, const std::string& flag) {
  const auto name = variable_of(flag);
  auto* option = declared.app().get_option(flag);
  const char* value = std::getenv(name.c_str());
  if (!value || *value == '\0' || option->count() > 0) return {};
  try {
    option->add_result(std::string(value));
    option->run_callback();
  } catch (const CLI::Error& e) {
    return bad(fmt::format("{}: {}", name, e.what()));
  }
  return {};
}

// An environment is shared by whatever runs in it, so what is for another role is no mistake there.
result<void> apply_variables(declared_options& declared, process_role role) {
  for (const auto& [flag, roles] : declared.usable()) {
    bool hidden = declared.app().get_option(flag)->get_group().empty();
    if (hidden || !roles.contains(role)) continue;
    if (auto ok = apply_variable(declared, flag); !ok) return ok;
  }
  return {};
}

using file_items = std::vector<CLI::ConfigItem>;

result<file_items> read_file(const std::string& file) {
  if (file.empty()) return file_items{};
  if (!std::ifstream(file)) return bad(fmt::format("--config: cannot read '{}'", file));
  try {
    return CLI::ConfigTOML().from_file(file);
  } catch (const CLI::Error& e) {
    return bad(fmt::format("{}: {}", file, e.what()));
  }
}

/// Takes what a key says whose flag and variable were not given.
result<void> apply_item(declared_options& declared, const CLI::ConfigItem& item) {
  const auto& file = declared.file();
  auto* option = item.parents.empty() ? declared.app().get_option_no_throw("--" + item.name) : nullptr;
  if (!option || item.name == "config" || item.name == "help" || item.name == "version")
    return bad(fmt::format("{}: unknown key '{}'{}", file, item.fullname(), suggest(declared, item.name, 0)));
  if (option->count() > 0) return {};
  try {
    option->add_result(item.inputs);
    option->run_callback();
  } catch (const CLI::Error& e) {
    return bad(fmt::format("{}: key '{}': {}", file, item.name, e.what()));
  }
  return {};
}

result<void> check_use(const declared_options& declared, const std::string& flag, std::string_view shown,
                       process_role role) {
  auto usable = declared.usable().find(flag);
  if (usable == declared.usable().end() || usable->second.contains(role)) return {};
  std::vector<std::string_view> names;
  for (auto r : usable->second)
    names.push_back(name(r));
  return bad(fmt::format("{} means nothing with --role {}; it goes with --role {}", shown, name(role),
                         fmt::join(names, ", ")));
}

result<void> check_flags(declared_options& declared, process_role role) {
  for (const auto& [flag, roles] : declared.usable())
    if (declared.app().get_option(flag)->count() > 0)
      if (auto ok = check_use(declared, flag, flag, role); !ok) return ok;
  return {};
}

result<void> apply_file(declared_options& declared, const file_items& items, process_role role) {
  for (const auto& item : items) {
    if (auto ok = apply_item(declared, item); !ok) return ok;
    auto shown = fmt::format("{}: key '{}'", declared.file(), item.name);
    if (auto ok = check_use(declared, "--" + item.name, shown, role); !ok) return ok;
  }
  return {};
}

/// Flags were read; what variables and the file add to them, the role first, on which the rest depends.
result<void> apply_the_rest(declared_options& declared, const options& chosen) {
  for (auto* flag : {"--config", "--role"})
    if (auto ok = apply_variable(declared, flag); !ok) return ok;
  auto items = read_file(declared.file());
  if (!items) return items.error();
  for (const auto& item : *items)
    if (item.fullname() == "role")
      if (auto ok = apply_item(declared, item); !ok) return ok;
  if (declared.app().get_option("--role")->count() == 0)
    return bad("--role is missing: origin, relay, edge, directory, or all for a whole cluster here; --help "
               "says more");
  if (auto ok = check_flags(declared, chosen.role); !ok) return ok;
  if (auto ok = apply_variables(declared, chosen.role); !ok) return ok;
  return apply_file(declared, *items, chosen.role);
}

} // namespace

result<std::variant<options, text_to_print>> read_command_line(int argc, const char* const* argv) {
  options chosen;
  declared_options declared(chosen);
  try {
    declared.app().parse(argc, const_cast<char**>(argv));
  } catch (const CLI::CallForHelp&) {
    return text_to_print{declared.app().help()};
  } catch (const CLI::CallForVersion&) {
    return text_to_print{declared.app().version() + "\n"};
  } catch (const CLI::ExtrasError&) {
    auto unknown = declared.app().remaining().empty() ? std::string("?") : declared.app().remaining().front();
    auto word = std::string_view(unknown).substr(std::min(unknown.find_first_not_of('-'), unknown.size()));
    return bad(fmt::format("unknown argument '{}'{}", unknown, suggest(declared, word, 2)));
  } catch (const CLI::Error& e) {
    return bad(e.what());
  }
  if (auto ok = apply_the_rest(declared, chosen); !ok) return ok.error();
  if (auto ok = validate(chosen); !ok) return ok.error();
  return chosen;
}

} // namespace sluice::roles
