#include "base/ids.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice {

namespace {

constexpr std::size_t max_segment = 128;
constexpr std::size_t max_segments = 4;

bool alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool key_character(char c) noexcept {
  return alphanumeric(c) || c == '.' || c == '_' || c == '~' || c == '-';
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

error bad_key(std::string message) {
  return {errc::bad_argument, "stream key: " + std::move(message)};
}

result<void> check_segment(std::string_view segment) {
  if (segment.empty()) return bad_key("empty segment; a key looks like live/room1");
  if (segment.size() > max_segment)
    return bad_key(fmt::format("a segment of {} characters; at most {}", segment.size(), max_segment));
  if (segment == "." || segment == "..") return bad_key(fmt::format("segment '{}' is not allowed", segment));
  auto bad = std::find_if_not(segment.begin(), segment.end(), key_character);
  if (bad != segment.end())
    return bad_key(
        fmt::format("byte 0x{:02x} at position {} of a segment; letters, digits and . _ ~ - are allowed",
                    static_cast<unsigned char>(*bad), bad - segment.begin()));
  return {};
}

} // namespace

result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    bool complete = i + 2 < text.size();
    int high = complete ? hex_digit(text[i + 1]) : -1;
    int low = complete ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return error{errc::malformed, fmt::format("bad percent escape at position {}", i)};
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

result<stream_key> stream_key::parse(std::string_view text) {
  auto decoded = percent_decode(text);
  if (!decoded) return bad_key(decoded.error().message);
  std::size_t segments = 0;
  for (std::string_view rest = *decoded;;) {
    auto slash = rest.find('/');
    if (auto ok = check_segment(rest.substr(0, slash)); !ok) return ok.error();
    ++segments;
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (segments < 2 || segments > max_segments)
    return bad_key(fmt::format("{} segments; 2 to {} are allowed, as in live/room1", segments, max_segments));
  // Viewers ask for KEY.flv or KEY.live.flv, so such a key could not be told from another one.
  for (std::string_view ending : {".flv", ".live"})
    if (decoded->ends_with(ending))
      return bad_key(fmt::format("the last segment must not end in {}; choose another name", ending));
  return stream_key(std::move(*decoded));
}

result<stream_address> stream_address::parse(std::string_view text) {
  auto question = text.find('?');
  auto key = stream_key::parse(text.substr(0, question));
  if (!key) return key.error();
  auto params = question == std::string_view::npos ? std::string_view{} : text.substr(question + 1);
  return stream_address{std::move(*key), std::string(params)};
}

epoch epoch::next(std::uint64_t now_unix_ms, epoch last, std::uint16_t random) noexcept {
  auto ms = std::max(now_unix_ms, last ? last.unix_ms() + 1 : 0);
  return {ms << 16 | random};
}

bool valid_node_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= max_node_id && std::all_of(text.begin(), text.end(), [](char c) {
    return alphanumeric(c) || c == '.' || c == '_' || c == '-';
  });
}

} // namespace sluice
