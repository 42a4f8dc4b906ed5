#include "media/intake/metadata.hpp"

#include <bit>

namespace sluice::media {

namespace {

// AMF0 type markers (AMF0 specification, 2.1).
constexpr std::uint8_t number = 0;
constexpr std::uint8_t boolean = 1;
constexpr std::uint8_t string = 2;
constexpr std::uint8_t object = 3;
constexpr std::uint8_t null = 5;
constexpr std::uint8_t undefined = 6;
constexpr std::uint8_t ecma_array = 8;
constexpr std::uint8_t date = 11;
constexpr std::uint8_t long_string = 12;

std::string_view read_string(byte_reader& in) noexcept {
  return as_text(in.take(in.u16()));
}

constexpr double max_pixels = 65'535;
constexpr double max_framerate = 1'000;

void note(picture_hints& hints, std::string_view name, double value) noexcept {
  if (!(value > 0)) return;
  if (name == "width" && value <= max_pixels) hints.width = static_cast<std::uint32_t>(value);
  if (name == "height" && value <= max_pixels) hints.height = static_cast<std::uint32_t>(value);
  if (name == "framerate" && value <= max_framerate) hints.framerate = value;
}

// False for a value whose end cannot be found without reading into it.
bool skip_value(byte_reader& in, std::uint8_t marker) noexcept {
  switch (marker) {
  case boolean:
    in.take(1);
    return true;
  case string:
    in.take(in.u16());
    return true;
  case null:
  case undefined:
    return true;
  case date:
    in.take(10);
    return true;
  case long_string:
    in.take(in.u32());
    return true;
  default:
    return false;
  }
}

} // namespace

picture_hints read_picture_hints(byte_view metadata) noexcept {
  picture_hints hints;
  byte_reader in(metadata);
  if (in.u8() != string || read_string(in) != "onMetaData") return hints;
  auto container = in.u8();
  if (container == ecma_array)
    in.u32();
  else if (container != object)
    return hints;
  while (in.ok() && in.remaining() > 0) {
    auto name = read_string(in);
    auto marker = in.u8();
    if (marker == number) {
      auto value = std::bit_cast<double>(in.u64());
      if (in.ok()) note(hints, name, value);
    } else if (!skip_value(in, marker)) {
      break;
    }
  }
  return hints;
}

byte_view strip_set_data_frame(byte_view script) noexcept {
  byte_reader in(script);
  if (in.u8() != string || read_string(in) != "@setDataFrame") return script;
  return in.rest();
}

} // namespace sluice::media
