#include "roles/secret_file.hpp"

#include <fmt/format.h>

#include <fstream>

namespace sluice::roles {

result<std::string> read_secret(const std::string& file) {
  constexpr std::size_t least = 16;
  if (file.empty()) return std::string{};
  std::ifstream in(file);
  std::string secret;
  if (!in || !std::getline(in, secret) || secret.size() < least)
    return error{
        errc::bad_argument,
        fmt::format("--secret-file: the first line of '{}' must hold {} characters or more", file, least)};
  return secret;
}

} // namespace sluice::roles
