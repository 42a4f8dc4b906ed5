#include "roles/option_text.hpp"

#include <algorithm>

namespace sluice::roles {

std::string plain_formatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0) return {};
  std::string out = " " + option->get_type_name();
  out.resize(std::min(out.size(), out.find(':')));
  auto shown = option->get_default_str();
  if (!shown.empty() && shown != "[]") out += " [" + shown + "]";
  return out;
}

std::string variable_of(std::string flag) {
  flag.erase(0, 2);
  std::transform(flag.begin(), flag.end(), flag.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return "SLUICE_" + flag;
}

} // namespace sluice::roles
