#include "net/trunk/puller.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace sluice::net::trunk {

namespace {

std::uint64_t random_number() {
  auto bytes = random_nonce();
  return byte_reader(bytes).u64();
}

} // namespace

puller::puller(std::shared_ptr<pull_context> context, hosted_stream& h, worker& home)
    : context_(std::move(context)), stream_(h), home_(home), log_(context_->log),
      choice_(h.log.key(), context_->self.node, context_->health, random_number(), context_->options.choice),
      wake_(home.io()),
      ticker_(home.io(), tick_interval, [this] { context_->prober->poll(home_, steady::now()); }),
      anchor_(std::make_shared<puller*>(this)) {
  context_->pulling[home_.index()].push_back(this);
  choice_.set_loads(context_->loads[home_.index()]);
  ask();
}

puller::~puller() {
  std::erase(context_->pulling[home_.index()], this);
}

std::uint64_t puller::orphaned_since() const noexcept {
  const auto* log = stream_.log.current();
  const auto& limits = context_->options.choice;
  if (!log) return 0;
  // The log's path ends with this node.
  auto limit =
      limits.beat_limit + limits.beat_limit_per_hop * (std::max<std::size_t>(log->path()->size(), 1) - 1);
  return steady::now() - beat_at_ >= limit ? beat_unix_ms_ : 0;
}

void puller::ask() {
  if (asking_ || finished_) return;
  asking_ = true;
  context_->control.enumerate(stream_.log.key(), home_,
                              [weak = std::weak_ptr(anchor_)](const result<cluster::enumeration>& found) {
                                if (auto self = weak.lock()) (*self)->on_enumeration(found);
                              });
}

void puller::ask_soon() {
  auto jitter = context_->options.ask_jitter * (random_number() % 256) / 256;
  ask_later_.emplace(home_.io(), jitter, [this] { ask(); });
}

void puller::on_enumeration(const result<cluster::enumeration>& found) {
  asking_ = false;
  if (finished_) return;
  if (!found) {
    if (!stream_.log.current()) return finish(found.error(), stream::end_reason::stopped);
    ask_later_.emplace(home_.io(), context_->options.ask_again, [this] { ask(); });
    return;
  }
  const auto& options = context_->options;
  if (!options.relay) return use_order(cluster::order_of(*found));
  auto plan = cluster::plan_pull(*found, context_->self.node, options.zone);
  bool hold = plan.in_head && !held_ && !stream_.log.current();
  if (!hold) return use_order(cluster::order_of(plan));
  hold_.emplace(home_.io(), options.hold_for_push, [this, plan] {
    held_ = true;
    use_order(cluster::order_of(plan));
  });
}

void puller::use_order(cluster::upstream_order order) {
  if (context_->options.no_failover && !order.relays.empty()) {
    if (only_.empty()) only_ = order.relays.front().id;
    std::erase_if(order.relays, [this](const auto& relay) { return relay.id != only_; });
    if (order.relays.empty()) return;
  }
  bool nobody = order.relays.empty();
  choice_.set_order(std::move(order), steady::now());
  if (nobody && !stream_.log.current()) return perform(cluster::give_up{cluster::give_up_reason::not_live});
  drive();
}

void puller::drive() {
  if (finished_ || driving_) return;
  driving_ = true;
  note_position();
  for (bool more = true; more && !finished_;) {
    auto action = choice_.next(steady::now());
    more = !std::holds_alternative<cluster::wait_until>(action);
    std::visit([this](const auto& what) { perform(what); }, action);
  }
  driving_ = false;
}

void puller::note_position() {
  if (const auto* log = stream_.log.current())
    choice_.set_position(log->identity().log_epoch, log->head(), steady::now());
}

/// Whether the choice has something to do about it.
bool puller::note_delivery(const source& from) {
  note_position();
  return choice_.delivered(from.id(), from.receiver.at(), steady::now());
}

void puller::perform(const cluster::connect_upstream& to) {
  home_.counters().trunk.pulls_started.add();
  links_.emplace(to.link, std::make_unique<source>(home_, context_->self, stream_.log.key(), to,
                                                   static_cast<upstream_user&>(*this)));
}

void puller::perform(const cluster::use_upstream& chosen) {
  auto found = links_.find(chosen.link);
  if (found == links_.end()) return;
  auto& from = *found->second;
  auto outcome = adopt(from, chosen.accept_gap);
  if (!outcome) return act_on(from, outcome);
  if (chosen.lead) return lead(from, chosen.after);
  if (context_->options.choice.hedge > 1) home_.counters().trunk.hedge_pulls.add();
  log_.debug("pulling beside", "stream", stream_.log.key().str(), "from", from.relay(), "path",
             fmt::format("{}", fmt::join(from.said->log->path, ",")), "offset", *from.said->from);
}

void puller::perform(const cluster::lead_upstream& chosen) {
  auto found = links_.find(chosen.link);
  if (found != links_.end()) lead(*found->second, chosen.after);
}

void puller::lead(source& from, const std::optional<cluster::departure>& after) {
  leader_ = from.id();
  from.receiver.lead(stream_);
  auto key = stream_.log.key().str();
  const auto* log = stream_.log.current();
  auto head = log ? log->head() : 0;
  if (!after)
    return log_.info("pulling", "stream", key, "from", from.relay(), "epoch", from.receiver.of().value,
                     "offset", head);
  home_.counters().trunk.switches[static_cast<std::size_t>(after->reason)].add();
  log_.info("upstream switched", "stream", key, "from", after->relay, "to", from.relay(), "reason",
            cluster::name(after->reason), "epoch", from.receiver.of().value, "offset", head);
}

bool puller::others_in_use(const source& than) const {
  return std::any_of(links_.begin(), links_.end(),
                     [&](const auto& item) { return item.second.get() != &than && item.second->in_use; });
}

void puller::perform(const cluster::drop_upstream& dropped) {
  auto found = links_.find(dropped.link);
  if (found == links_.end()) return;
  auto& gone = *found->second;
  // What follows a link in use that others stand in for is told by the line of the switch, if one is due.
  if (gone.in_use && !others_in_use(gone))
    log_.info("upstream dropped", "stream", stream_.log.key().str(), "relay", gone.relay(), "reason",
              cluster::name(dropped.reason));
  else
    log_.debug("upstream dropped", "stream", stream_.log.key().str(), "relay", gone.relay(), "reason",
               cluster::name(dropped.reason));
  bool mute =
      dropped.reason == cluster::drop_reason::silent || dropped.reason == cluster::drop_reason::timed_out;
  if (mute && context_->health.suspect(gone.relay(), steady::now()))
    context_->prober->watch(gone.entry(), stream_.log.key(), steady::now());
  bool stale_there = dropped.reason == cluster::drop_reason::stale;
  if (stale_there) gone.send(stale{stream_.log.last_epoch()});
  retire(dropped.link, !stale_there);
}

void puller::perform(const cluster::wait_until& wait) {
  wake_.expires_at(wait.until);
  wake_.async_wait([weak = std::weak_ptr(anchor_)](boost::system::error_code cancelled) {
    if (cancelled) return;
    if (auto self = weak.lock()) (*self)->drive();
  });
}

void puller::perform(const cluster::give_up& over) {
  auto key = stream_.log.key().str();
  switch (over.reason) {
  case cluster::give_up_reason::not_live:
    stream_.refusal = {errc::not_live, fmt::format("{} is not live", key)};
    stream_.refused_until = steady::now() + context_->options.refusal_kept;
    return finish(stream_.refusal, stream::end_reason::ended);
  case cluster::give_up_reason::unreachable:
    return finish({errc::unavailable, fmt::format("no relay that may have {} can be reached", key)},
                  stream::end_reason::origin_lost);
  case cluster::give_up_reason::ended:
    return finish({errc::not_live, fmt::format("{} has ended", key)}, end_reason_);
  case cluster::give_up_reason::origin_lost:
    return finish({errc::not_live, fmt::format("the origin of {} is lost", key)},
                  stream::end_reason::origin_lost);
  }
}

void puller::finish(const error& why, stream::end_reason reason) {
  finished_ = true;
  log_.info("pull ended", "stream", stream_.log.key().str(), "why", why.message);
  while (!links_.empty())
    retire(links_.begin()->first, true);
  wake_.cancel();
  hold_.reset();
  catch_up_.reset();
  if (stream_.log.current())
    stream_.log.finish(reason);
  else
    stream_.log.fail_waiters(why);
}

void puller::retire(cluster::link_id id, bool at_once) {
  auto found = links_.find(id);
  if (found == links_.end()) return;
  found->second->leave(at_once);
  // It may be the caller, so it is destroyed later.
  home_.post([over = std::shared_ptr<source>(std::move(found->second))] {});
  links_.erase(found);
  if (leader_ == id) leader_ = 0;
}

result<void> puller::adopt(source& from, bool accept_gap) {
  const auto& said = *from.said->log;
  auto start = *from.said->from;
  const auto* log = stream_.log.current();
  if (!log || said.log_epoch > log->identity().log_epoch) {
    catch_up_.emplace(home_.io(), context_->options.catch_up_limit, [this] { stream_.log.caught_up(); });
    beat_at_ = steady::now();
    beat_unix_ms_ = unix_ms_now();
    if (auto began = from.receiver.begin(stream_, said, start); !began) return began;
    from.in_use = true;
    static_cast<void>(note_delivery(from));
    return {};
  }
  from.receiver.resume(said, start);
  // Whoever else writes now may stand inside the tag that is incomplete: its bytes are this one's, too.
  if (!others_in_use(from) && !stream_.handed_over) from.receiver.take_over(stream_);
  if (from.id() == leader_) from.receiver.lead(stream_);
  bool whole = start <= log->head();
  if (!whole && !accept_gap)
    return error{errc::malformed, fmt::format("a log that goes on at {}, beyond what was asked for", start)};
  from.in_use = true;
  static_cast<void>(note_delivery(from));
  if (whole) return {};
  log_.warn("gap accepted", "stream", stream_.log.key().str(), "from", log->head(), "to", start);
  return from.receiver.skip(stream_, {log->head(), start, said.headers});
}

void puller::act_on(source& from, const result<void>& outcome) {
  if (outcome) return;
  auto why = outcome.error();
  log_.warn("upstream refused", "stream", stream_.log.key().str(), "relay", from.relay(), "code",
            name(why.code), "why", why.message);
  if (why.code == errc::malformed || why.code == errc::bad_argument || why.code == errc::too_large)
    home_.counters().trunk.protocol_errors.add();
  if (why.code == errc::stale) from.send(stale{stream_.log.last_epoch()});
  choice_.refused(from.id(), steady::now());
  retire(from.id(), false);
  drive();
}

} // namespace sluice::net::trunk
