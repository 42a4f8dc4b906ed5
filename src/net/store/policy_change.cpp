#include "net/store/policy_change.hpp"

#include "cluster/policy.hpp"
#include "net/core/deadline.hpp"
#include "net/store/etcd_json.hpp"
#include "net/store/stored_values.hpp"

namespace sluice::net::etcd {

namespace {

error unavailable(const error& why) {
  return {errc::unavailable, why.message};
}

} // namespace

asio::awaitable<result<void>> policy_change::run(client& http, asio::io_context& io, std::string key,
                                                 std::chrono::milliseconds limit) {
  auto most = 2 * limit;
  deadline late(io, most, [answer = answer_, most] {
    answer->send(error{errc::unavailable, fmt::format("the store does not answer within {} ms; it may still "
                                                      "take the change",
                                                      most.count())});
  });
  auto outcome = co_await change(http, std::move(key));
  answer_->send(outcome);
  co_return outcome;
}

asio::awaitable<result<void>> policy_change::change(client& http, std::string key) {
  range_question question;
  question.keys.first = key;
  auto asked = encode(question);
  auto stored = co_await http.post("/v3/kv/range", std::move(asked));
  if (!stored) co_return unavailable(stored.error());
  auto found = decode_range(*stored);
  if (!found) co_return unavailable(found.error());
  std::uint64_t mod_revision = 0;
  if (found->found.empty() && expected_ != 0)
    co_return error{errc::conflict,
                    fmt::format("no policy is stored, so it is not of version {}", expected_)};
  if (!found->found.empty()) {
    auto may = judge(key, found->found.front().value);
    if (!may) co_return may.error();
    if (*may == verdict::already) co_return result<void>();
    mod_revision = found->found.front().mod_revision;
  }
  auto put = encode_compare_and_put(key, mod_revision, value_of(rules_));
  auto reply = co_await http.post("/v3/kv/txn", std::move(put));
  if (!reply) co_return unavailable(reply.error());
  auto outcome = decode_txn(*reply);
  if (!outcome) co_return unavailable(outcome.error());
  if (outcome->succeeded) co_return result<void>();
  // The comparison also fails when a first attempt was carried out and its answer was lost.
  if (!outcome->found.empty()) {
    auto may = judge(key, outcome->found.front().value);
    if (may && *may == verdict::already) co_return result<void>();
  }
  co_return error{errc::conflict, "somebody else changed the policy at the same moment"};
}

result<policy_change::verdict> policy_change::judge(std::string_view key, std::string_view stored) {
  auto now = policy_from_json(stored);
  if (!now)
    return error{errc::malformed, fmt::format("the stored policy cannot be read, erase the key {} to start "
                                              "anew: {}",
                                              key, now.error().message)};
  if (*now == rules_) return verdict::already;
  if (now->version != expected_)
    return error{errc::conflict,
                 fmt::format("the stored policy is of version {}, not {}", now->version, expected_)};
  auto both = cluster::merged(*now, rules_);
  if (auto ok = cluster::check_policy(both); !ok) return ok.error();
  rules_ = std::move(both);
  return *now == rules_ ? verdict::already : verdict::replace;
}

} // namespace sluice::net::etcd
