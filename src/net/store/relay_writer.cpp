#include "net/store/relay_writer.hpp"

namespace sluice::net::etcd {

namespace {

using clock = std::chrono::steady_clock;

error in_reply(etcd_counters& counters, std::string_view path, const error& e) {
  counters.malformed.add();
  return {e.code, fmt::format("etcd {}: {}", path, e.message)};
}

} // namespace

void relay_writer::put(cluster::relay_entry relay) {
  auto id = relay.id;
  if (!wanted_.contains(id) && wanted_.size() >= cluster::max_relays) {
    counters_.dropped.add();
    return log_.warn("relay not stored: too many", "relay", id, "limit", cluster::max_relays);
  }
  wanted_[id] = std::move(relay);
  change(id);
}

void relay_writer::remove(const node_id& relay) {
  wanted_.erase(relay);
  if (!unwritten_.contains(relay) && unwritten_.size() >= max_waiting) {
    counters_.dropped.add();
    return log_.warn("relay stays in the store until its lease ends: too much waits", "relay", relay, "limit",
                     max_waiting);
  }
  change(relay);
}

void relay_writer::change(const node_id& relay) {
  unwritten_[relay] = ++changes_;
  count_waiting();
}

void relay_writer::compare(const mirror& stored) {
  for (const auto& [id, entry] : wanted_) {
    const auto* there = stored.find(id, options_.directory);
    if (!there || there->entry != entry || there->lease != lease_) change(id);
  }
}

void relay_writer::erased(const node_id& relay) {
  if (wanted_.contains(relay)) change(relay);
}

void relay_writer::count_waiting() {
  counters_.waiting.add(unwritten_.size() - counters_.waiting.value());
}

asio::awaitable<result<void>> relay_writer::write() {
  while (!unwritten_.empty()) {
    if (lease_ == 0) {
      auto granted = co_await grant_lease();
      if (!granted) co_return granted;
    }
    auto written = co_await write_batch();
    if (written) continue;
    // The lease ended while the store was away: one more attempt under a new one.
    if (written.error().code != errc::not_found || lease_ == 0) co_return written;
    forget_lease();
    auto granted = co_await grant_lease();
    if (!granted) co_return granted;
  }
  co_return result<void>();
}

asio::awaitable<result<void>> relay_writer::write_batch() {
  batch taken;
  for (const auto& one : unwritten_) {
    if (taken.size() == max_operations) break;
    taken.insert(one);
  }
  auto body = encode_writes(operations(taken), lease_);
  auto reply = co_await http_.post("/v3/kv/txn", std::move(body));
  if (!reply) co_return reply.error();
  auto read = decode_txn(*reply);
  if (!read) co_return in_reply(counters_, "/v3/kv/txn", read.error());
  counters_.written.add(taken.size());
  for (const auto& [id, number] : taken) {
    auto at = unwritten_.find(id);
    // A newer word that came meanwhile waits on.
    if (at != unwritten_.end() && at->second == number) unwritten_.erase(at);
  }
  count_waiting();
  co_return result<void>();
}

std::vector<write> relay_writer::operations(const batch& taken) const {
  std::vector<etcd::write> out;
  out.reserve(taken.size());
  for (const auto& [id, number] : taken) {
    auto key = keys_.relay(id, options_.directory);
    auto entry = wanted_.find(id);
    if (entry == wanted_.end())
      out.push_back({std::move(key), {}, true});
    else
      out.push_back({std::move(key), value_of(entry->second), false});
  }
  return out;
}

void relay_writer::forget_lease() {
  lease_ = 0;
  for (const auto& [id, entry] : wanted_)
    change(id);
}

asio::awaitable<result<void>> relay_writer::grant_lease() {
  auto body = encode_lease_grant(static_cast<std::uint64_t>(options_.lease.count()));
  auto reply = co_await http_.post("/v3/lease/grant", std::move(body));
  if (!reply) co_return reply.error();
  auto read = decode_lease(*reply);
  if (!read) co_return in_reply(counters_, "/v3/lease/grant", read.error());
  lease_ = read->id;
  renewed_ = clock::now();
  co_return result<void>();
}

asio::awaitable<result<void>> relay_writer::renew_lease() {
  if (lease_ == 0 || clock::now() < renewed_ + options_.lease / 3) co_return result<void>();
  auto asked = lease_;
  auto body = encode_lease_keep_alive(asked);
  auto reply = co_await http_.post("/v3/lease/keepalive", std::move(body));
  if (!reply) co_return reply.error();
  auto read = decode_lease(*reply);
  if (!read) co_return in_reply(counters_, "/v3/lease/keepalive", read.error());
  if (lease_ != asked) co_return result<void>();
  if (read->seconds > 0)
    renewed_ = clock::now();
  else
    forget_lease();
  co_return result<void>();
}

} // namespace sluice::net::etcd
