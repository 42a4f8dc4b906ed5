#include "cluster/stream_registry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace {

constexpr std::size_t max_codec_name = 16;

error refuse(errc code, std::string_view key, std::string message) {
  return {code, fmt::format("stream {}: {}", key.substr(0, 128), message)};
}

result<void> check(const stream_announcement& stream, std::uint64_t now_unix_ms) {
  if (auto key = stream_key::parse(stream.key); !key || key->str() != stream.key)
    return refuse(errc::bad_argument, stream.key, key ? "the key is percent-encoded" : key.error().message);
  if (!valid_node_id(stream.origin))
    return refuse(errc::bad_argument, stream.key, "the origin is not a node id");
  if (!stream.log_epoch) return refuse(errc::bad_argument, stream.key, "epoch 0");
  if (stream.log_epoch.unix_ms() > now_unix_ms + max_epoch_ahead_ms)
    return refuse(errc::bad_argument, stream.key,
                  fmt::format("epoch {} is more than a day ahead", stream.log_epoch.value));
  if (stream.state != publisher_state::live && stream.state != publisher_state::grace)
    return refuse(errc::bad_argument, stream.key,
                  fmt::format("state {} is unknown", static_cast<int>(stream.state)));
  if (stream.video.size() > max_codec_name || stream.audio.size() > max_codec_name)
    return refuse(errc::bad_argument, stream.key,
                  fmt::format("a codec name of more than {} characters", max_codec_name));
  return {};
}

} // namespace

result<void> stream_registry::announce(const stream_announcement& stream, std::uint64_t now_unix_ms,
                                       time_point now) {
  if (auto ok = check(stream, now_unix_ms); !ok) return ok;
  auto found = live_.find(stream.key);
  if (found == live_.end()) {
    if (auto last = recall(stream.key, now).last; stream.log_epoch < last)
      return refuse(
          errc::stale, stream.key,
          fmt::format("epoch {} is older than {}, which has ended", stream.log_epoch.value, last.value));
    if (live_.size() >= options_.max_streams)
      return refuse(errc::unavailable, stream.key,
                    fmt::format("{} streams are announced, the most there may be", live_.size()));
    live_.emplace(stream.key, stream);
    return {};
  }
  auto& held = found->second;
  if (stream.log_epoch < held.log_epoch)
    return refuse(errc::stale, stream.key,
                  fmt::format("epoch {} is older than {} of origin {}", stream.log_epoch.value,
                              held.log_epoch.value, held.origin));
  if (stream.log_epoch == held.log_epoch && stream.origin != held.origin)
    return refuse(errc::conflict, stream.key,
                  fmt::format("epoch {} belongs to origin {}", held.log_epoch.value, held.origin));
  auto newest = stream.log_epoch == held.log_epoch ? held.last_timestamp : 0;
  held = stream;
  held.last_timestamp = std::max(held.last_timestamp, newest);
  return {};
}

bool stream_registry::withdraw(std::string_view key, epoch log_epoch, time_point now) {
  auto found = live_.find(key);
  if (found == live_.end() || found->second.log_epoch != log_epoch) return false;
  remember(found->second, now);
  live_.erase(found);
  return true;
}

void stream_registry::drop_origin(const node_id& origin, time_point now) {
  for (auto it = live_.begin(); it != live_.end();) {
    if (it->second.origin != origin) {
      ++it;
      continue;
    }
    remember(it->second, now);
    it = live_.erase(it);
  }
}

void stream_registry::touch(std::string_view key, const node_id& origin, std::uint32_t timestamp) {
  auto found = live_.find(key);
  if (found == live_.end() || found->second.origin != origin) return;
  found->second.last_timestamp = std::max(found->second.last_timestamp, timestamp);
}

const stream_announcement* stream_registry::find(std::string_view key) const {
  auto found = live_.find(key);
  return found == live_.end() ? nullptr : &found->second;
}

stream_recall stream_registry::recall(std::string_view key, time_point now) const {
  if (auto* live = find(key)) return {live->log_epoch, live->last_timestamp, live->origin};
  auto found = past_by_key_.find(key);
  if (found == past_by_key_.end() || now - found->second->ended > options_.remember_for) return {};
  return {found->second->last, found->second->last_timestamp, std::nullopt};
}

std::vector<stream_announcement> stream_registry::list() const {
  std::vector<stream_announcement> out;
  out.reserve(live_.size());
  for (auto& [key, stream] : live_)
    out.push_back(stream);
  return out;
}

void stream_registry::remember(const stream_announcement& stream, time_point now) {
  auto forget = [&](std::list<memory>::iterator one) {
    past_by_key_.erase(one->key);
    past_.erase(one);
  };
  memory fresh{stream.key, stream.log_epoch, stream.last_timestamp, now};
  if (auto known = past_by_key_.find(stream.key); known != past_by_key_.end()) {
    if (known->second->last > fresh.last) {
      fresh.last = known->second->last;
      fresh.last_timestamp = known->second->last_timestamp;
    }
    forget(known->second);
  }
  past_.push_front(std::move(fresh));
  past_by_key_.emplace(past_.front().key, past_.begin());
  while (past_.size() > options_.max_remembered || now - past_.back().ended > options_.remember_for)
    forget(std::prev(past_.end()));
}

} // namespace sluice::cluster
