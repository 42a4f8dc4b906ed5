#include "net/store/etcd_follower.hpp"

#include "net/core/deadline.hpp"

namespace sluice::net::etcd {

error follower::unreadable(std::string_view path, const error& why) {
  if (why.code == errc::malformed || why.code == errc::too_large) counters_.malformed.add();
  return {why.code, fmt::format("etcd http://{}{}: {}", http_.server().str(), path, why.message)};
}

asio::awaitable<error> follower::follow() {
  ended_.reset();
  behind_at_.reset();
  auto revision = co_await list();
  if (!revision) co_return revision.error();
  auto why = co_await watch_from(*revision + 1);
  established_ = created_ = false;
  stream_.reset();
  co_return ended_ ? *ended_ : why;
}

asio::awaitable<result<std::uint64_t>> follower::list() {
  range_question asked{keys_under(known_.keys().root()), page, 0, 0, false};
  while (true) {
    auto body = encode(asked);
    auto reply = co_await http_.post("/v3/kv/range", std::move(body));
    if (!reply && reply.error().code == errc::too_large && asked.limit > 1) {
      asked.limit = asked.limit / 8 + 1;
      if (asked.limit < page / 8) asked.limit = 1;
      continue;
    }
    if (!reply) co_return reply.error();
    auto read = decode_range(*reply);
    if (!read) co_return unreadable("/v3/kv/range", read.error());
    // All pages show the state of the first.
    if (asked.at_revision == 0) {
      asked.at_revision = read->revision;
      known_.clear(read->revision);
    }
    auto taken = take_page(*read);
    if (!taken) co_return unreadable("/v3/kv/range", taken.error());
    if (!read->more) break;
    asked.keys.first = read->found.back().key + '\0';
  }
  counters_.lists.add();
  co_return asked.at_revision;
}

result<void> follower::take_page(const range_reply& reply) {
  for (const auto& one : reply.found)
    if (auto ok = put(one); !ok) return ok;
  if (reply.more && reply.found.empty()) return error{errc::malformed, "range reply: 'more' without 'kvs'"};
  return {};
}

asio::awaitable<error> follower::watch_from(std::uint64_t revision) {
  stream_ = std::make_unique<watch_stream>(http_);
  watched_ = http_.server();
  auto body = encode_watch(keys_under(known_.keys().root()), revision);
  auto opened = co_await stream_->open("/v3/watch", std::move(body));
  if (!opened) {
    http_.next_server();
    co_return opened.error();
  }
  auto limit = std::make_unique<deadline>(io_, options_.request_limit, [this] {
    end({errc::timed_out, fmt::format("etcd http://{}/v3/watch: it was not begun within {} ms",
                                      watched_.str(), options_.request_limit.count())});
  });
  while (true) {
    auto lines = co_await stream_->next();
    if (!lines) co_return lines.error();
    auto taken = take_lines(*lines);
    if (!taken) co_return unreadable("/v3/watch", taken.error());
    if (!created_) continue;
    limit.reset();
    if (std::exchange(established_, true))
      user_.on_changed();
    else
      user_.on_listed();
  }
}

result<void> follower::take_lines(const std::vector<std::string>& lines) {
  for (const auto& line : lines) {
    auto reply = decode_watch(line);
    if (!reply) return reply.error();
    if (reply->compacted != 0)
      return error{errc::stale, fmt::format("the changes before revision {} are gone", reply->compacted)};
    if (reply->canceled) return error{errc::unavailable, "the watch was ended: " + reply->reason};
    created_ = created_ || reply->created;
    for (const auto& event : reply->events)
      if (auto ok = take_event(event); !ok) return ok;
  }
  return {};
}

result<void> follower::take_event(const watch_event& event) {
  counters_.events.add();
  if (!event.erased) return put(event.now);
  known_.erase(event.now);
  if (auto relay = known_.keys().parse_relay(event.now.key)) user_.on_erased(*relay);
  return {};
}

// A value that cannot be read is somebody's mistake and no reason to lose the others.
result<void> follower::put(const key_value& found) {
  auto taken = known_.put(found);
  if (taken || taken.error().code == errc::too_large) return taken;
  counters_.malformed.add();
  log_.warn("value in the store ignored", "reason", taken.error().message);
  return {};
}

asio::awaitable<void> follower::check() {
  range_question asked{keys_under(known_.keys().root()), 1, 0, known_.revision() + 1, true};
  auto body = encode(asked);
  auto reply = co_await http_.post("/v3/kv/range", std::move(body));
  if (!established_) co_return;
  if (!reply) co_return end(reply.error());
  auto read = decode_range(*reply);
  if (!read) co_return end(unreadable("/v3/kv/range", read.error()));
  if (!(http_.server() == watched_))
    co_return end({errc::closed, fmt::format("etcd http://{} answers instead of http://{}",
                                             http_.server().str(), watched_.str())});
  auto now = std::pair(known_.revision(), known_.size());
  if (!behind(*read)) {
    behind_at_.reset();
  } else if (behind_at_ == now) {
    end({errc::timed_out,
         fmt::format("etcd http://{}/v3/watch: it tells nothing, though there are changes", watched_.str())});
  } else {
    // They may be under way.
    behind_at_ = now;
  }
}

bool follower::behind(const range_reply& reply) const {
  auto unknown = [this](const key_value& one) { return one.mod_revision > known_.revision(); };
  return std::any_of(reply.found.begin(), reply.found.end(), unknown) || reply.count != known_.size();
}

void follower::end(error why) {
  if (!stream_) return;
  ended_ = std::move(why);
  stream_->close();
}

} // namespace sluice::net::etcd
