#include "base/base64.hpp"

#include <algorithm>
#include <array>

namespace sluice {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digits() {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    digits[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return digits;
}
constexpr auto digits = make_digits();

} // namespace

std::string to_base64(byte_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    auto group = bytes.subspan(at, std::min<std::size_t>(3, bytes.size() - at));
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < group.size() ? group[i] : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      out.push_back(i <= group.size() ? alphabet[bits >> (18 - 6 * i) & 63] : '=');
  }
  return out;
}

result<byte_buffer> from_base64(std::string_view text) {
  error bad{errc::malformed, "not base64"};
  if (text.size() % 4 != 0) return bad;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  byte_buffer out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    auto pad = at + 4 == text.size() ? padding : 0;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      auto digit = i < 4 - pad ? digits[static_cast<std::uint8_t>(text[at + i])] : std::uint8_t{0};
      if (digit == no_digit) return bad;
      bits = bits << 6 | digit;
    }
    for (std::size_t i = 0; i < 3 - pad; ++i)
      out.push_back(static_cast<std::uint8_t>(bits >> (16 - 8 * i)));
  }
  return out;
}

} // namespace sluice
