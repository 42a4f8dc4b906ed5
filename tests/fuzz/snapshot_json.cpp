// The saved snapshot's text: whatever is accepted is valid, and survives being written and read again.
#include "cluster/enumeration.hpp"
#include "cluster/snapshot.hpp"

#include <charconv>
#include <cstdlib>
#include <optional>

using namespace sluice;
using namespace sluice::cluster;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

// The same text with the digest of its content, which no chance finds: the refusal names it.
std::optional<std::string> with_right_digest(std::string text, const std::string& refusal) {
  constexpr std::string_view told = "but its content has ", field = "\"digest\":";
  auto hex = refusal.rfind(told);
  auto at = text.find(field);
  if (hex == std::string::npos || at == std::string::npos) return {};
  auto begin = at + field.size();
  auto end = text.find_first_not_of("0123456789", begin);
  if (end == std::string::npos) return {};
  std::uint64_t right = 0;
  // A refusal may quote the text, and so say these words of something else.
  const auto* digits = refusal.data() + hex + told.size();
  if (std::from_chars(digits, refusal.data() + refusal.size(), right, 16).ec != std::errc()) return {};
  return text.replace(begin, end - begin, std::to_string(right));
}

void check(const snapshot& read) {
  demand(validate(read).has_value());
  auto again = snapshot_from_json(to_json(read));
  demand(again.has_value() && *again == read);
  for (auto zone : {"east", ""})
    demand(enumerate(*stream_key::parse("live/room1"), read, zone).order.size() == read.relays.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(as_text({data, size}));
  auto read = snapshot_from_json(text);
  if (!read) {
    demand(!read.error().message.empty());
    auto repaired = with_right_digest(text, read.error().message);
    if (!repaired) return 0;
    read = snapshot_from_json(*repaired);
  }
  if (read) check(*read);
  return 0;
}
