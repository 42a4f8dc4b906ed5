#include "net/ingest/ingest.hpp"

#include "net/core/await_reply.hpp"

#include <algorithm>

namespace sluice::net {

using std::chrono::steady_clock;

namespace {

// Directories hear of the newest timestamps with each heartbeat: what they remember may be as much behind.
constexpr std::uint32_t timestamps_told_within_ms = 1'500;

error taken(const stream_key& key, std::string_view by, second_publisher policy) {
  auto what = policy == second_publisher::refuse
                  ? "stop that publisher, or start the origin with --second-publisher=takeover"
                  : "it was taken over a short while ago; stop that publisher, or wait a minute";
  return {errc::conflict, fmt::format("{} is being published {}; {}", key.str(), by, what)};
}

} // namespace

ingest::ingest(ingest_services services, logger log)
    : services_(std::move(services)), seats_(services_.max_publishers), log_(std::move(log)),
      contests_(workers().size(), contest(services_.policy)) {}

// The publication that carries the stream on this node, if a newcomer may join it; null if there is none.
result<publication*> ingest::joinable(hosted_stream& stream) {
  auto* here = dynamic_cast<publication*>(stream.source.get());
  if (!here || here->over()) return nullptr;
  if (!here->has_publisher()) return here;
  const auto& key = stream.log.key();
  auto& rules = contests_[workers().home(key).index()];
  auto now = steady_clock::now();
  if (!rules.may_take(key, now)) {
    rules.refused(key, now);
    return taken(key, "on this origin", services_.policy);
  }
  rules.took(key, now);
  return here;
}

// What is known of the key's earlier logs; `conflict` while somebody else publishes it and may keep it.
asio::awaitable<result<plane::stream_memory>> ingest::past_of(stream_key key, worker& home) {
  using recalled = result<plane::stream_memory>;
  recalled told = error{errc::unavailable, "this node has no directory"};
  if (services_.control)
    told = co_await await_reply<recalled>([&](auto done) { services_.control->recall(key, home, done); });
  plane::stream_memory past;
  if (told) past = std::move(*told);
  if (past.last) past.last_timestamp += timestamps_told_within_ms;
  auto& rules = contests_[home.index()];
  auto now = steady_clock::now();
  bool may_take = rules.may_take(key, now);
  cluster::claim_verdict held;
  if (services_.ask_relays && (past.last || !told))
    held = co_await await_reply<cluster::claim_verdict>(
        [&](auto done) { services_.ask_relays(key, home, may_take, done); });
  // Who holds the log itself knows better than who was told of it.
  bool relays_know = held.last && held.last >= past.last;
  bool elsewhere = past.live_origin && *past.live_origin != services_.node;
  auto rival = relays_know ? held.live : elsewhere;
  auto where = "on origin " + (relays_know ? held.origin : past.live_origin.value_or(""));
  if (rival && !may_take) {
    rules.refused(key, now);
    co_return taken(key, where, services_.policy);
  }
  past.last = std::max({past.last, held.last, rules.newest(key)});
  if (relays_know)
    past.last_timestamp = held.first_timestamp - 1;
  else if (held.last)
    past.last_timestamp = std::max(past.last_timestamp, held.first_timestamp - 1);
  if (rival) {
    log_.warn("stream taken over", "stream", key.str(), "from", where);
    rules.took(key, now);
  } else {
    rules.settled(key);
  }
  co_return past;
}

asio::awaitable<result<std::unique_ptr<publisher_slot>>>
ingest::publish(stream_address address, std::string peer, publisher_slot::evicted evicted) {
  const auto& key = address.key;
  if (auto allowed = plane::authorize(plane::action::publish, key, address.params, peer); !allowed)
    co_return allowed.error();
  auto& hub = *services_.hub;
  auto* stream = hub.find_or_add(key);
  if (!stream) co_return error{errc::unavailable, "this origin carries as many streams as it may"};
  auto here = joinable(*stream);
  if (!here) co_return here.error();
  if (!*here) {
    if (draining_) co_return error{errc::unavailable, "this origin is going away; publish to another one"};
    auto& home = hub.workers().home(key);
    auto past = co_await past_of(key, home);
    if (!past) co_return past.error();
    // Somebody else may have come while the others were asked.
    stream = hub.find_or_add(key);
    if (!stream) co_return error{errc::unavailable, "this origin is going away"};
    here = joinable(*stream);
    if (!here) co_return here.error();
    if (!*here) {
      if (stream->log.last_epoch() && stream->log.last_epoch() >= past->last) {
        past->last = stream->log.last_epoch();
        past->last_timestamp = stream->log.last_timestamp();
      }
      auto made = std::make_unique<publication>(*stream, home, services_, *past, log_);
      here = made.get();
      stream->source = std::move(made);
    }
  }
  log_.info("publisher admitted", "stream", key.str(), "peer", peer);
  co_return std::make_unique<publisher_slot>(**here, std::move(evicted));
}

void ingest::overtaken(const stream_key& key, epoch newest) {
  workers().home(key).post([this, key, newest] { yield_to(key, newest); });
}

void ingest::yield_to(const stream_key& key, epoch newest) {
  auto* stream = services_.hub->find(key);
  auto* here = stream ? dynamic_cast<publication*>(stream->source.get()) : nullptr;
  if (!here || here->over() || !here->log_epoch() || here->log_epoch() >= newest) return;
  log_.warn("stream lost to another origin", "stream", key.str(), "epoch", here->log_epoch().value, "newest",
            newest.value);
  contests_[workers().home(key).index()].lost(key, newest);
  here->yield();
}

} // namespace sluice::net
