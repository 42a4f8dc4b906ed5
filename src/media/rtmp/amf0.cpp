#include "media/rtmp/amf0.hpp"

#include <fmt/format.h>

#include <bit>

namespace sluice::media::rtmp {

namespace {

/// Type markers, AMF0 section 2.1.
enum marker : std::uint8_t {
  number_marker = 0x00,
  boolean_marker = 0x01,
  string_marker = 0x02,
  object_marker = 0x03,
  movie_clip_marker = 0x04,
  null_marker = 0x05,
  undefined_marker = 0x06,
  reference_marker = 0x07,
  ecma_array_marker = 0x08,
  object_end_marker = 0x09,
  strict_array_marker = 0x0a,
  date_marker = 0x0b,
  long_string_marker = 0x0c,
  unsupported_marker = 0x0d,
  record_set_marker = 0x0e,
  xml_marker = 0x0f,
  typed_object_marker = 0x10,
  amf3_marker = 0x11
};

constexpr std::size_t max_short_string = 0xffff;

std::string_view marker_name(std::uint8_t m) noexcept {
  switch (m) {
  case movie_clip_marker:
    return "movie clip";
  case reference_marker:
    return "reference";
  case object_end_marker:
    return "object end without an object";
  case unsupported_marker:
    return "unsupported";
  case record_set_marker:
    return "record set";
  case xml_marker:
    return "XML document";
  case typed_object_marker:
    return "typed object";
  case amf3_marker:
    return "AMF3 value";
  default:
    return "unknown";
  }
}

class decoder {
public:
  decoder(byte_reader& in, const amf0_limits& limits) : in_(in), limits_(limits) {}

  result<amf0_value> value(std::size_t depth) {
    if (depth > limits_.max_depth)
      return error{errc::too_large, fmt::format("amf0: values nested deeper than {} at offset {}",
                                                limits_.max_depth, in_.position())};
    if (++elements_ > limits_.max_elements)
      return error{errc::too_large, fmt::format("amf0: more than {} values at offset {}",
                                                limits_.max_elements, in_.position())};
    auto at = in_.position();
    auto kind = in_.u8();
    if (!in_.ok()) return cut_short("value", at);
    return value_of(kind, at, depth);
  }

private:
  result<amf0_value> value_of(std::uint8_t kind, std::size_t at, std::size_t depth) {
    switch (kind) {
    case number_marker:
      return checked(amf0_value{std::bit_cast<double>(in_.u64())}, "number", at);
    case boolean_marker:
      return checked(amf0_value{in_.u8() != 0}, "boolean", at);
    case string_marker:
      return wrap(string(in_.u16(), at));
    case long_string_marker:
      return wrap(string(in_.u32(), at));
    case null_marker:
      return amf0_value{amf0_null{}};
    case undefined_marker:
      return amf0_value{amf0_undefined{}};
    case object_marker:
      return wrap(properties<amf0_object>(at, depth));
    case ecma_array_marker:
      in_.u32(); // the count is a hint; the end marker decides
      return wrap(properties<amf0_ecma_array>(at, depth));
    case strict_array_marker:
      return strict_array(at, depth);
    case date_marker: {
      amf0_date date{std::bit_cast<double>(in_.u64())};
      in_.u16();
      return checked(amf0_value{date}, "date", at);
    }
    default:
      return error{errc::unsupported,
                   fmt::format("amf0: marker 0x{:02x} ({}) at offset {}", kind, marker_name(kind), at)};
    }
  }

  result<std::string> string(std::size_t size, std::size_t at) {
    if (!in_.ok()) return cut_short("string size", at);
    if (size > limits_.max_string)
      return error{errc::too_large, fmt::format("amf0: a string of {} bytes at offset {}; at most {}", size,
                                                at, limits_.max_string)};
    auto bytes = in_.take(size);
    if (!in_.ok()) return cut_short("string", at);
    return std::string(as_text(bytes));
  }

  template <class Kind>
  result<Kind> properties(std::size_t at, std::size_t depth) {
    Kind object;
    for (;;) {
      auto name = string(in_.u16(), at);
      if (!name) return name.error();
      if (name->empty() && at_object_end()) return object;
      auto property = value(depth + 1);
      if (!property) return property.error();
      object.properties.push_back({std::move(*name), std::move(*property)});
    }
  }

  bool at_object_end() {
    auto ahead = in_;
    if (ahead.u8() != object_end_marker) return false;
    in_ = ahead;
    return true;
  }

  result<amf0_value> strict_array(std::size_t at, std::size_t depth) {
    auto count = in_.u32();
    if (!in_.ok()) return cut_short("array", at);
    if (count > limits_.max_elements)
      return error{errc::too_large, fmt::format("amf0: an array of {} values at offset {}; at most {}", count,
                                                at, limits_.max_elements)};
    amf0_strict_array array;
    for (std::uint32_t i = 0; i < count; ++i) {
      auto item = value(depth + 1);
      if (!item) return item.error();
      array.items.push_back(std::move(*item));
    }
    return amf0_value{std::move(array)};
  }

  template <class Kind>
  static result<amf0_value> wrap(result<Kind> part) {
    if (!part) return part.error();
    return amf0_value{std::move(*part)};
  }

  result<amf0_value> checked(amf0_value read, std::string_view what, std::size_t at) const {
    if (!in_.ok()) return cut_short(what, at);
    return read;
  }

  static error cut_short(std::string_view what, std::size_t at) {
    return {errc::malformed, fmt::format("amf0: the bytes end inside the {} at offset {}", what, at)};
  }

  byte_reader& in_;
  const amf0_limits& limits_;
  std::size_t elements_ = 0;
};

class encoder {
public:
  explicit encoder(byte_buffer& out) : out_(out), bytes_(out) {}

  void operator()(amf0_undefined) { out_.u8(undefined_marker); }
  void operator()(amf0_null) { out_.u8(null_marker); }
  void operator()(double number) {
    out_.u8(number_marker);
    out_.u64(std::bit_cast<std::uint64_t>(number));
  }
  void operator()(bool flag) {
    out_.u8(boolean_marker);
    out_.u8(flag ? 1 : 0);
  }
  void operator()(const std::string& text) {
    if (text.size() <= max_short_string) {
      out_.u8(string_marker);
      out_.u16(text.size());
    } else {
      out_.u8(long_string_marker);
      out_.u32(text.size());
    }
    out_.text(text);
  }
  void operator()(const amf0_object& object) {
    out_.u8(object_marker);
    properties(object.properties);
  }
  void operator()(const amf0_ecma_array& array) {
    out_.u8(ecma_array_marker);
    out_.u32(array.properties.size());
    properties(array.properties);
  }
  void operator()(const amf0_strict_array& array) {
    out_.u8(strict_array_marker);
    out_.u32(array.items.size());
    for (auto& item : array.items)
      encode_amf0(bytes_, item);
  }
  void operator()(amf0_date date) {
    out_.u8(date_marker);
    out_.u64(std::bit_cast<std::uint64_t>(date.unix_ms));
    out_.u16(0);
  }

private:
  void properties(const std::vector<amf0_property>& list) {
    for (auto& [name, value] : list) {
      out_.u16(name.size());
      out_.text(name);
      encode_amf0(bytes_, value);
    }
    out_.u16(0);
    out_.u8(object_end_marker);
  }

  byte_writer out_;
  byte_buffer& bytes_;
};

} // namespace

double amf0_value::number_or(double otherwise) const noexcept {
  auto* number = std::get_if<double>(&data);
  return number ? *number : otherwise;
}

std::string_view amf0_value::text() const noexcept {
  auto* text = std::get_if<std::string>(&data);
  return text ? std::string_view(*text) : std::string_view{};
}

const amf0_value* amf0_value::find(std::string_view property) const noexcept {
  const std::vector<amf0_property>* list = nullptr;
  if (auto* object = std::get_if<amf0_object>(&data)) list = &object->properties;
  if (auto* array = std::get_if<amf0_ecma_array>(&data)) list = &array->properties;
  if (!list) return nullptr;
  for (auto& each : *list)
    if (each.name == property) return &each.value;
  return nullptr;
}

result<amf0_value> decode_amf0(byte_reader& in, const amf0_limits& limits) {
  return decoder(in, limits).value(1);
}

result<std::vector<amf0_value>> decode_all_amf0(byte_view bytes, const amf0_limits& limits) {
  byte_reader in(bytes);
  decoder each(in, limits);
  std::vector<amf0_value> values;
  while (in.remaining() > 0) {
    auto value = each.value(1);
    if (!value) return value.error();
    values.push_back(std::move(*value));
  }
  return values;
}

void encode_amf0(byte_buffer& out, const amf0_value& value) {
  std::visit(encoder(out), value.data);
}

} // namespace sluice::media::rtmp
