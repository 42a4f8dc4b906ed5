// How options look to people: their line in a help text, and the variable each can be given as.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace sluice::roles {

/// An option's line: what it takes and its default; ranges and variables would drown the words.
class plain_formatter : public CLI::Formatter {
public:
  std::string make_option_opts(const CLI::Option* option) const override;
};

/// `--http-listen` can be given as `SLUICE_HTTP_LISTEN`.
std::string variable_of(std::string flag);

} // namespace sluice::roles
