// What etcd says: no body, line or stored value does harm, and what is accepted survives being written and
// read again. The first byte chooses the reader.
#include "net/store/etcd_json.hpp"

#include "net/store/etcd_mirror.hpp"

#include <cstdlib>

using namespace sluice;
using namespace sluice::net::etcd;

namespace {

template <class Reply>
void must_explain(const result<Reply>& reply) {
  if (!reply && reply.error().message.empty()) std::abort();
}

void read_values(std::string_view text) {
  auto relay = relay_from_json(text);
  must_explain(relay);
  if (relay && !(relay_from_json(value_of(*relay)).value() == *relay)) std::abort();
  auto rules = policy_from_json(text);
  must_explain(rules);
  if (rules && !(policy_from_json(value_of(*rules)).value() == *rules)) std::abort();
}

void mirror_range(std::string_view text) {
  auto reply = decode_range(text);
  must_explain(reply);
  if (!reply) return;
  mirror known(store_keys("/s", "c"));
  for (const auto& one : reply->found)
    must_explain(known.put(one));
  if (known.contents().relays.size() > known.size()) std::abort();
  for (const auto& one : reply->found)
    known.erase({one.key, {}, UINT64_MAX, 0});
  if (known.size() != 0) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  auto text = as_text({data + 1, size - 1});
  switch (data[0] % 6) {
  case 0:
    mirror_range(text);
    break;
  case 1:
    must_explain(decode_txn(text));
    break;
  case 2:
    must_explain(decode_lease(text));
    break;
  case 3:
    must_explain(decode_watch(text));
    break;
  case 4:
    if (failure_of(500, text).message.empty()) std::abort();
    break;
  default:
    read_values(text);
  }
  return 0;
}
