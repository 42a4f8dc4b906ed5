// The FLV reader, payload classification and the rewriting of extended packets, on any bytes cut anywhere.
#include "media/flv/ex_header.hpp"
#include "media/flv/legacy.hpp"
#include "media/flv/reader.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace sluice;
using namespace sluice::media;

void expect(bool holds) {
  if (!holds) std::abort();
}

// Folds the tags into a number, so that two ways of cutting the same file can be compared.
struct digest_handler : flv_handler {
  std::uint64_t digest = 1469598103934665603u;
  byte_buffer scratch;

  void add(std::uint64_t value) { digest = (digest ^ value) * 1099511628211u; }

  result<void> on_file_header(file_flags flags) override {
    add(flags.has_audio * 2u + flags.has_video);
    return {};
  }

  result<void> on_tag(tag_type type, std::uint32_t timestamp, byte_view data) override {
    add(static_cast<std::uint64_t>(type));
    add(timestamp);
    for (auto b : data)
      add(b);
    auto info = classify(type, data);
    auto lead = data.first(std::min(data.size(), classify_bytes));
    auto again = classify(type, lead);
    expect(info.kind == again.kind && info.codec == again.codec);
    if (auto plain = to_player_form(type, data, scratch)) {
      auto after = classify(type, *plain);
      if (info.kind != payload_kind::other) expect(after.kind == info.kind && after.codec == info.codec);
      if (is_extended(type, *plain)) expect(parse_ex_header(type, *plain).has_value());
    }
    return {};
  }
};

constexpr std::size_t tag_limit = 4096;

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 4) return 0;
  byte_view cuts(bytes, 4);
  byte_view file(bytes + 4, size - 4);

  digest_handler whole;
  flv_reader one(tag_limit);
  bool good = one.feed(file, whole).has_value();

  digest_handler pieces;
  flv_reader many(tag_limit);
  bool good_in_pieces = true;
  for (std::size_t at = 0, turn = 0; at < file.size() && good_in_pieces; ++turn) {
    auto n = std::min<std::size_t>(cuts[turn % cuts.size()] + std::size_t{1}, file.size() - at);
    good_in_pieces = many.feed(file.subspan(at, n), pieces).has_value();
    at += n;
  }
  expect(good == good_in_pieces);
  expect(whole.digest == pieces.digest);
  if (good)
    expect(one.offset() == many.offset() && one.wrong_previous_sizes() == many.wrong_previous_sizes());
  return 0;
}
