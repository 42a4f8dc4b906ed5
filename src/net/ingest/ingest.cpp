#include "net/ingest/ingest.hpp"

#include "net/core/await_reply.hpp"

namespace sluice::net {

namespace {

error taken(const stream_key& key, std::string_view by) {
  return {errc::conflict,
          fmt::format("{} is being published {}; stop that publisher, or start the origin with "
                      "--second-publisher=takeover",
                      key.str(), by)};
}

} // namespace

// The publication that carries the stream on this node, if a newcomer may join it; null if there is none.
result<publication*> ingest::running(hosted_stream& stream) const {
  auto* here = dynamic_cast<publication*>(stream.source.get());
  if (!here || here->over()) return nullptr;
  if (here->has_publisher() && services_.policy == second_publisher::refuse)
    return taken(stream.log.key(), "on this origin");
  return here;
}

asio::awaitable<result<std::unique_ptr<publisher_slot>>>
ingest::publish(stream_address address, std::string peer, std::function<void()> evicted) {
  const auto& key = address.key;
  if (auto allowed = plane::authorize(plane::action::publish, key, address.params, peer); !allowed)
    co_return allowed.error();
  auto& hub = *services_.hub;
  auto& home = hub.workers().home(key);
  auto* stream = hub.find_or_add(key);
  if (!stream) co_return error{errc::unavailable, "this origin carries as many streams as it may"};
  auto here = running(*stream);
  if (!here) co_return here.error();
  if (!*here) {
    plane::stream_memory past;
    if (services_.control) {
      using recalled = result<plane::stream_memory>;
      auto answer =
          co_await await_reply<recalled>([&](auto done) { services_.control->recall(key, home, done); });
      if (answer) past = std::move(*answer);
    }
    if (past.live_origin && *past.live_origin != services_.node &&
        services_.policy == second_publisher::refuse)
      co_return taken(key, "on origin " + *past.live_origin);
    // Somebody else may have come while the directories were asked.
    stream = hub.find_or_add(key);
    if (!stream) co_return error{errc::unavailable, "this origin is going away"};
    here = running(*stream);
    if (!here) co_return here.error();
    if (!*here) {
      if (stream->log.last_epoch() > past.last) {
        past.last = stream->log.last_epoch();
        past.last_timestamp = stream->log.last_timestamp();
      }
      auto made = std::make_unique<publication>(*stream, home, services_, past, log_);
      here = made.get();
      stream->source = std::move(made);
    }
  }
  log_.info("publisher admitted", "stream", key.str(), "peer", peer);
  co_return std::make_unique<publisher_slot>(**here, std::move(evicted));
}

} // namespace sluice::net
