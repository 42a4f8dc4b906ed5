// The saved snapshot's text: whatever is accepted is valid, and survives being written and read again.
#include "cluster/enumeration.hpp"
#include "cluster/snapshot.hpp"

#include <cstdlib>

using namespace sluice;
using namespace sluice::cluster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto read = snapshot_from_json(as_text({data, size}));
  if (!read) {
    if (read.error().message.empty()) std::abort();
    return 0;
  }
  if (!validate(*read)) std::abort();
  auto again = snapshot_from_json(to_json(*read));
  if (!again || !(*again == *read)) std::abort();
  if (enumerate(*stream_key::parse("live/room1"), *read, "east").order.size() != read->relays.size())
    std::abort();
  return 0;
}
