#include "net/core/stream_hub.hpp"

#include <algorithm>

namespace sluice::net {

using namespace std::chrono_literals;

struct stream_hub::shard {
  explicit shard(worker& w) : home(w), timer(w.io()) {}
  worker& home;
  asio::steady_timer timer;
  std::map<stream_key, std::unique_ptr<hosted_stream>> streams;
  bool stopped = false;
  std::atomic<std::uint32_t> carried{0}; ///< streams with a current log, at the last sweep
};

stream_hub::stream_hub(worker_pool& workers, options opts, logger log)
    : workers_(workers), options_(opts), log_(std::move(log)) {
  for (std::size_t i = 0; i < workers.size(); ++i)
    shards_.push_back(std::make_unique<shard>(workers.at(i)));
}

stream_hub::~stream_hub() = default;

void stream_hub::start() {
  for (auto& s : shards_)
    s->home.post([this, &s = *s] { sweep(s); });
}

void stream_hub::stop() {
  for (auto& s : shards_)
    s->home.post([&s = *s] {
      s.stopped = true;
      s.timer.cancel();
      for (auto& [key, h] : s.streams)
        h->source.reset();
      s.streams.clear();
    });
}

stream_hub::shard& stream_hub::shard_of(const stream_key& key) {
  return *shards_[workers_.home(key).index()];
}

hosted_stream* stream_hub::find(const stream_key& key) {
  auto& streams = shard_of(key).streams;
  auto it = streams.find(key);
  return it == streams.end() ? nullptr : it->second.get();
}

hosted_stream* stream_hub::find_or_add(const stream_key& key) {
  if (auto* found = find(key)) return found;
  auto& streams = shard_of(key).streams;
  if (streams.size() >= options_.max_streams || shard_of(key).stopped) return nullptr;
  return streams.emplace(key, std::make_unique<hosted_stream>(key, options_.log)).first->second.get();
}

void stream_hub::on_home(const stream_key& key, std::function<void(hosted_stream*, worker&)> task) {
  auto& home = workers_.home(key);
  home.post([this, key, task = std::move(task), &home] { task(find_or_add(key), home); });
}

void stream_hub::open(stream_key key, worker& at, open_when when, opened done) {
  auto& s = shard_of(key);
  s.home.post([this, &s, key = std::move(key), &at, when, done = std::move(done)] {
    open_at_home(s, key, at, when, done);
  });
}

void stream_hub::open_at_home(shard& s, const stream_key& key, worker& at, open_when when, opened done) {
  auto refuse = [&at, done](const error& why) { at.post([done, why] { done(why); }); };
  auto* h = find(key);
  bool here = h != nullptr && h->log.current() != nullptr;
  bool may_start = when != open_when::present && when != open_when::local;
  if (!here && (!may_start || (!make_feeder_ && !(h && h->source))))
    return refuse({errc::not_live, fmt::format("{} is not live", key.str())});
  h = find_or_add(key);
  if (!h) return refuse({errc::unavailable, "this node carries too many streams"});
  if (!here && std::chrono::steady_clock::now() < h->refused_until) return refuse(h->refusal);
  h->unwanted = false;
  bool log_is_enough = when == open_when::started || when == open_when::local;
  if (here && log_is_enough) return deliver(*h, at, done);

  // Whichever comes first, the stream or the timer, answers; the other finds nothing left to do.
  auto timer = std::make_shared<asio::steady_timer>(s.home.io(), options_.open_timeout);
  auto answered = std::make_shared<bool>(false);
  auto answer = [this, key, &at, done, refuse, timer, answered](const result<void>& outcome) {
    if (std::exchange(*answered, true)) return;
    timer->cancel();
    if (!outcome) return refuse(outcome.error());
    deliver(*find(key), at, done);
  };
  auto waiter = h->log.when_ready(answer);
  if (*answered) return;
  if (log_is_enough) {
    std::erase_if(h->starters, [](const auto& one) { return *one.answered; });
    h->starters.push_back({answered, [answer] { answer({}); }});
  }
  timer->async_wait([this, timer, refuse, answered, key, waiter](boost::system::error_code cancelled) {
    if (cancelled || std::exchange(*answered, true)) return;
    if (auto* waited_for = find(key)) waited_for->log.forget(waiter);
    refuse({errc::timed_out, fmt::format("no picture of {} came in time", key.str())});
  });
  bool unfed = !h->source || h->source->finished();
  if (unfed && make_feeder_) h->source = make_feeder_(*h, s.home);
}

void stream_hub::log_began(hosted_stream& h) {
  h.audiences.clear();
  for (auto& one : std::exchange(h.starters, {}))
    one.wake();
}

void stream_hub::feed_again(hosted_stream& h) {
  h.source.reset();
  if (!h.log.current()) return;
  if (make_feeder_ && !shard_of(h.log.key()).stopped)
    h.source = make_feeder_(h, workers_.home(h.log.key()));
  else
    h.log.finish(stream::end_reason::origin_lost);
}

void stream_hub::deliver(hosted_stream& h, worker& at, const opened& done) {
  // Posted behind the audience's first refresh, so its view is filled when `done` runs.
  at.post([done, a = audience_of(h, at)] { done(a); });
}

std::shared_ptr<audience> stream_hub::audience_of(hosted_stream& h, worker& at) {
  // A reader's worker need not be one of the hub's own: recordings have one beyond them.
  h.audiences.resize(std::max(h.audiences.size(), at.index() + 1));
  auto& slot = h.audiences[at.index()];
  const auto& identity = h.log.current()->identity();
  if (auto present = slot.lock(); present && present->identity().log_epoch == identity.log_epoch)
    return present;
  auto find_newer = [this, key = identity.key, &at](opened done) {
    open(key, at, open_when::present, std::move(done));
  };
  auto made = make_audience(at, identity, {h.video, h.audio}, std::move(find_newer));
  slot = made;
  h.log.current()->subscribe(made->channel());
  return made;
}

std::uint32_t stream_hub::carried() const noexcept {
  std::uint32_t sum = 0;
  for (const auto& s : shards_)
    sum += s->carried.load(std::memory_order_relaxed);
  return sum;
}

/// Whether somebody asked for it, and it was not found.
bool stream_hub::was_refused(const hosted_stream& h) {
  return !h.log.last_epoch() && !h.source && h.refused_until != std::chrono::steady_clock::time_point{};
}

void stream_hub::sweep(shard& s) {
  auto now = std::chrono::steady_clock::now();
  std::uint32_t carried = 0;
  for (auto it = s.streams.begin(); it != s.streams.end();) {
    auto& h = *it->second;
    if (h.log.current()) ++carried;
    if (h.source && h.source->finished()) h.source.reset();
    bool wanted = h.log.wanted() || (h.source && !h.source->on_demand());
    if (wanted) {
      h.unwanted = false;
    } else if (was_refused(h) && now >= h.refused_until) {
      // Whoever invents keys must not fill the table.
      it = s.streams.erase(it);
      continue;
    } else if (!h.unwanted) {
      h.unwanted = true;
      h.unwanted_since = now;
    } else if (now - h.unwanted_since >= options_.linger) {
      if (h.source) log_.info("stream let go", "stream", h.log.key().str(), "reason", "nobody reads it");
      h.source.reset();
      it = s.streams.erase(it);
      continue;
    }
    ++it;
  }
  s.carried.store(carried, std::memory_order_relaxed);
  s.timer.expires_after(1s);
  s.timer.async_wait([this, &s](boost::system::error_code cancelled) {
    if (!cancelled && !s.stopped) sweep(s);
  });
}

namespace {

stream_status describe(const hosted_stream& h) {
  stream_status out;
  out.key = h.log.key().str();
  out.log_epoch = h.log.last_epoch();
  if (h.source) {
    out.feeder_kind = h.source->kind();
    out.upstream = h.source->upstream();
    out.ways = h.source->ways();
    out.orphaned_since = h.source->orphaned_since();
  }
  out.video = h.video;
  out.audio = h.audio;
  out.width = h.width;
  out.height = h.height;
  for (const auto& weak : h.audiences)
    if (auto a = weak.lock()) out.viewers += a->viewers.load(std::memory_order_relaxed);
  const auto* current = h.log.current();
  if (!current) return out;
  out.live = true;
  out.path = *current->path();
  out.first = current->first();
  out.head = current->head();
  out.retained = current->retained_bytes();
  out.newest_timestamp = current->newest_timestamp();
  out.last_beat = current->last_beat();
  out.present = current->identity().present;
  return out;
}

} // namespace

void stream_hub::status(stream_key key, worker& caller, std::function<void(stream_status)> done) {
  auto& s = shard_of(key);
  s.home.post([this, key = std::move(key), &caller, done = std::move(done)] {
    auto* h = find(key);
    auto found = h ? describe(*h) : stream_status{.key = key.str()};
    caller.post([done, found = std::move(found)] { done(found); });
  });
}

void stream_hub::list(worker& caller, std::function<void(std::vector<stream_status>)> done) {
  struct gathering {
    std::vector<stream_status> found;
    std::size_t missing;
  };
  // Only `caller` touches it, so the answers need no lock.
  auto all = std::make_shared<gathering>(gathering{{}, shards_.size()});
  for (auto& s : shards_)
    s->home.post([&s = *s, &caller, all, done] {
      std::vector<stream_status> part;
      for (const auto& [key, h] : s.streams)
        if (h->log.current()) part.push_back(describe(*h));
      caller.post([all, done, part = std::move(part)] {
        all->found.insert(all->found.end(), part.begin(), part.end());
        if (--all->missing > 0) return;
        std::sort(all->found.begin(), all->found.end(),
                  [](const auto& a, const auto& b) { return a.key < b.key; });
        done(std::move(all->found));
      });
    });
}

} // namespace sluice::net
