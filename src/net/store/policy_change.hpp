// One change of the stored policy: read it, compare its version, write both merged if nobody wrote meanwhile.
// Owned by a coroutine of `etcd_store`, on its worker.
#pragma once

#include "net/store/etcd_client.hpp"
#include "plane/pending_reply.hpp"

namespace sluice::net::etcd {

class policy_change {
public:
  policy_change(cluster::policy rules, std::uint64_t expected, plane::pending_reply_ptr<void> answer)
      : rules_(std::move(rules)), expected_(expected), answer_(std::move(answer)) {}

  /// Answers within twice `limit`; returns the outcome, which may come later. Errors: `conflict`, `malformed`
  /// (what is stored cannot be read), `unavailable`, and as `check_policy` of both merged.
  asio::awaitable<result<void>> run(client& http, asio::io_context& io, std::string key,
                                    std::chrono::milliseconds limit);

private:
  asio::awaitable<result<void>> change(client& http, std::string key);
  /// Whether the stored value may be replaced; `already` when it is what we want to write. Takes over what is
  /// stored and not in `rules_`: the directory may not have heard of it, as it need not have another version.
  enum class verdict : std::uint8_t { replace, already };
  [[nodiscard]] result<verdict> judge(std::string_view key, std::string_view stored);

  cluster::policy rules_;
  std::uint64_t expected_;
  plane::pending_reply_ptr<void> answer_;
};

} // namespace sluice::net::etcd
