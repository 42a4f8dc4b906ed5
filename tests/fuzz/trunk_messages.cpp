// The trunk's control messages and request targets: what is read can be written and reads the same again.
#include "net/trunk/messages.hpp"
#include "net/trunk/request.hpp"

#include <cstdlib>

using namespace sluice;
using namespace sluice::net;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

void try_message(std::string_view text) {
  auto read = trunk::parse(text);
  if (!read) return;
  auto written = trunk::encode(*read);
  // Base64 and JSON may be written more compactly than they came, never less so beyond the escapes.
  if (!written) return;
  auto again = trunk::parse(*written);
  demand(again.has_value());
  demand(again->index() == read->index());
  demand(trunk::encode(*again).value() == *written);
}

void try_target(std::string_view text) {
  auto read = trunk::request::parse(text);
  if (!read) return;
  auto again = trunk::request::parse(read->str());
  demand(again.has_value() && again->str() == read->str());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = as_text({data, size});
  if (text.starts_with('/'))
    try_target(text);
  else
    try_message(text);
  return 0;
}
