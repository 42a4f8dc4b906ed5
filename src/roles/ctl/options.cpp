#include "roles/ctl/options.hpp"

#include "base/host_port.hpp"
#include "base/ids.hpp"
#include "roles/ctl/commands.hpp"
#include "roles/nearest.hpp"
#include "roles/option_text.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace sluice::roles::ctl {

namespace {

class declaration {
public:
  explicit declaration(options& to) : app_("", "sluice ctl") {
    app_.set_help_flag("--help", "Print this and exit");
    app_.formatter(std::make_shared<plain_formatter>());
    app_.get_formatter()->column_width(36);
    app_.add_option("words", words_)->group("");
    add("--directory", to.directories,
        "Directories: HOST:PORT,...; the first that answers is asked, for nodes and thaw each")
        ->delimiter(',')
        ->allow_extra_args(false) // the command may follow
        ->type_name("ADDRESSES")
        ->default_str("127.0.0.1:7700");
    add("--cluster", to.cluster, "The cluster's name")->type_name("NAME");
    add("--secret-file", to.secret_file, "The cluster's secret, as its nodes have it")->type_name("FILE");
    add("--zone", to.zone, "Enumerate as an edge of this zone would")->type_name("NAME");
    app_.add_option("--timeout", to.timeout_s, "How long to wait for each directory")
        ->check(CLI::Range(0.1, 60.0))
        ->type_name("SECONDS")
        ->capture_default_str();
    app_.add_flag("--json", to.json, "Print JSON, for programs");
    app_.add_option("--config", file_, "A node's TOML file, for directory, cluster, secret-file and zone")
        ->envname("SLUICE_CONFIG")
        ->type_name("FILE");
  }

  CLI::App& app() { return app_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  [[nodiscard]] const std::vector<std::string>& shared() const { return shared_; }

  /// Usage, commands, options.
  [[nodiscard]] std::string help() const {
    std::string out = "Asks and tells a cluster, by any of its directories.\n\n"
                      "Usage: sluice ctl [OPTIONS] COMMAND\n\nCommands:\n";
    for (const auto& one : commands())
      out += fmt::format("  {:<33} {}\n", one.usage, one.help);
    auto options_text = app_.help();
    auto from = options_text.find("Options:");
    out += "\n" + options_text.substr(std::min(from, options_text.size()));
    while (!out.empty() && out.back() == '\n')
      out.pop_back();
    return out +
           "\n\n"
           "--directory, --cluster, --secret-file and --zone are a node's options: SLUICE_DIRECTORY and\n"
           "the like are understood here as there. Exit status: 0 done, 1 failed, 2 wrong usage.\n";
  }

private:
  template <class T>
  CLI::Option* add(const char* flag, T& to, const char* help) {
    shared_.push_back(flag + 2);
    return app_.add_option(flag, to, help)->envname(variable_of(flag))->capture_default_str();
  }

  CLI::App app_;
  std::string file_;
  std::vector<std::string> words_;
  std::vector<std::string> shared_; ///< keys of a node's file that count here too
};

error bad(std::string message) {
  return {errc::bad_argument, std::move(message)};
}

result<void> apply_file(declaration& declared) {
  const auto& file = declared.file();
  if (file.empty()) return {};
  if (!std::ifstream(file)) return bad(fmt::format("--config: cannot read '{}'", file));
  try {
    for (const auto& item : CLI::ConfigTOML().from_file(file)) {
      const auto& keys = declared.shared();
      if (!item.parents.empty() || std::find(keys.begin(), keys.end(), item.name) == keys.end()) continue;
      auto* option = declared.app().get_option("--" + item.name);
      if (option->count() > 0) continue; // a flag or a variable was given
      option->add_result(item.inputs);
      option->run_callback();
    }
  } catch (const CLI::Error& e) {
    return bad(fmt::format("{}: {}", file, e.what()));
  }
  return {};
}

result<void> check(const options& chosen) {
  for (const auto& address : chosen.directories)
    if (auto parsed = host_port::parse(address); !parsed || parsed->host.empty() || parsed->port == 0)
      return bad(fmt::format("--directory '{}': HOST:PORT of a directory's control port is wanted", address));
  for (auto [option, text] : {std::pair("--cluster", &chosen.cluster), std::pair("--zone", &chosen.zone)})
    if (!text->empty() && !valid_node_id(*text))
      return bad(
          fmt::format("{}: '{}' is not usable; letters, digits and . _ - are, up to 64", option, *text));
  if (!chosen.secret_file.empty() && !std::filesystem::is_regular_file(chosen.secret_file))
    return bad(fmt::format("--secret-file: cannot read '{}'", chosen.secret_file));
  return {};
}

error unknown_argument(declaration& declared) {
  auto left = declared.app().remaining();
  auto unknown = left.empty() ? std::string("?") : left.front();
  std::vector<std::string> flags{"--directory", "--cluster", "--secret-file", "--zone",
                                 "--timeout",   "--json",    "--config",      "--help"};
  auto meant = nearest(unknown, flags);
  return bad(fmt::format("unknown argument '{}'{}", unknown,
                         meant ? fmt::format("; did you mean '{}'?", *meant) : "; --help lists them"));
}

} // namespace

result<std::variant<options, help_text>> read_options(int argc, const char* const* argv) {
  options chosen;
  declaration declared(chosen);
  try {
    declared.app().parse(argc, const_cast<char**>(argv));
  } catch (const CLI::CallForHelp&) {
    return help_text{declared.help()};
  } catch (const CLI::ExtrasError&) {
    return unknown_argument(declared);
  } catch (const CLI::Error& e) {
    return bad(e.what());
  }
  if (auto ok = apply_file(declared); !ok) return ok.error();
  if (auto ok = check(chosen); !ok) return ok.error();
  auto what = read_command(declared.words());
  if (!what) return what.error();
  chosen.what = std::move(*what);
  return chosen;
}

} // namespace sluice::roles::ctl
