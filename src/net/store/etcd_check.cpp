#include "net/store/etcd_json.hpp"
#include "net/store/etcd_store.hpp"
#include "net/store/stored_values.hpp"

#include <boost/asio/co_spawn.hpp>

namespace sluice::net {

namespace {

asio::awaitable<void> ask(asio::io_context& io, const etcd_options& options, etcd_answer& answer) {
  etcd::client_counters uncounted;
  etcd::client http(io, {answer.server}, options.request_limit, uncounted);
  etcd::range_question question;
  question.keys.first = etcd::store_keys(options.prefix, options.cluster).policy();
  auto body = etcd::encode(question);
  auto reply = co_await http.post("/v3/kv/range", std::move(body));
  if (!reply) {
    answer.revision = reply.error();
    co_return;
  }
  auto read = etcd::decode_range(*reply);
  answer.revision = read ? result<std::uint64_t>(read->revision) : result<std::uint64_t>(read.error());
}

} // namespace

std::vector<etcd_answer> ask_etcd(const etcd_options& options) {
  std::vector<etcd_answer> out;
  for (const auto& server : options.servers)
    out.push_back({server, error{errc::io, "not asked"}});
  asio::io_context io(1);
  for (auto& answer : out)
    asio::co_spawn(io, ask(io, options, answer), [&answer](std::exception_ptr bug) {
      if (bug) answer.revision = error{errc::io, "asking failed"};
    });
  io.run();
  return out;
}

} // namespace sluice::net
