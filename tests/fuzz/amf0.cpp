// AMF0 on any bytes: what decodes is encoded and decoded again to the same bytes, within the limits.
#include "media/rtmp/amf0.hpp"

#include <cstdlib>

namespace {

using namespace sluice;
using namespace sluice::media::rtmp;

void expect(bool holds) {
  if (!holds) std::abort();
}

byte_buffer encode_all(const std::vector<amf0_value>& values) {
  byte_buffer out;
  for (auto& value : values)
    encode_amf0(out, value);
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  byte_view input(bytes, size);
  auto values = decode_all_amf0(input);
  if (!values) {
    expect(!values.error().message.empty());
    return 0;
  }
  auto once = encode_all(*values);
  auto again = decode_all_amf0(once);
  expect(again.has_value());
  expect(encode_all(*again) == once);
  for (auto& value : *values)
    if (auto* app = value.find("app")) expect(app->text().empty() || app->is_text());
  // A value alone ends where the next begins.
  byte_reader in(input);
  for (auto& value : *values) {
    auto one = decode_amf0(in);
    expect(one.has_value());
    expect(encode_all({*one}) == encode_all({value}));
  }
  expect(in.remaining() == 0);
  return 0;
}
