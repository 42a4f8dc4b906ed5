#include "base/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice {

namespace {

constexpr std::size_t max_host = 255;

error bad(std::string_view text, std::string_view why) {
  return {errc::bad_argument, fmt::format("address '{}': {}; write host:port, [v6]:port or :port",
                                          text.substr(0, 2 * max_host), why)};
}

bool host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_';
}

bool v6_character(char c) noexcept {
  return host_character(c) || c == ':' || c == '%';
}

} // namespace

result<host_port> host_port::parse(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return bad(text, "no port");
  auto host = text.substr(0, colon);
  auto digits = text.substr(colon + 1);
  bool bracketed = host.starts_with('[');
  if (bracketed) {
    if (!host.ends_with(']') || host.size() < 4) return bad(text, "a v6 address stands in brackets");
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return bad(text, "only v6 addresses stand in brackets");
  } else if (host.find(':') != std::string_view::npos) {
    return bad(text, "a v6 address needs brackets");
  }
  if (host.size() > max_host) return bad(text, "the host is too long");
  if (!std::all_of(host.begin(), host.end(), bracketed ? v6_character : host_character))
    return bad(text, "a character that no host name has");
  std::uint16_t port = 0;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || failure != std::errc{} || end != digits.data() + digits.size())
    return bad(text, "the port is a number from 0 to 65535");
  host_port out;
  out.host = std::string(host);
  out.port = port;
  return out;
}

std::string host_port::str() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

bool host_port::loopback() const noexcept {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

} // namespace sluice
