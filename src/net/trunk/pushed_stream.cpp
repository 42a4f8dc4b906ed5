#include "net/trunk/pushed_stream.hpp"

#include "cluster/relay_health.hpp"

namespace sluice::net::trunk {

pushed_stream::pushed_stream(std::shared_ptr<const push_context> context, stream_key key, worker& home,
                             std::function<void()> over)
    : context_(std::move(context)), key_(std::move(key)), home_(home), over_(std::move(over)) {
  auto seed = random_nonce();
  random_ = byte_reader(seed).u64();
}

pushed_stream::~pushed_stream() = default;

void pushed_stream::start(epoch log_epoch) {
  epoch_ = log_epoch;
  ending_ = false;
  end_limit_.reset();
  source_.reset();
  auto opened = [weak = weak_from_this(), log_epoch](const result<std::shared_ptr<audience>>& log) {
    auto self = weak.lock();
    if (!self || !log || (*log)->identity().log_epoch != log_epoch || self->epoch_ != log_epoch) return;
    stream_status told;
    if (const auto* h = self->context_->hub.find(self->key_)) {
      told.video = h->video;
      told.audio = h->audio;
      told.width = h->width;
      told.height = h->height;
    }
    self->source_ = push_source{*log, told};
    // The others still send the rest of the log before.
    for (auto& [id, to] : self->targets_)
      if (to.session && to.session->waits()) to.session->follow(*self->source_);
    self->ask();
    self->plan();
  };
  context_->hub.open(key_, home_, open_when::local, opened);
}

void pushed_stream::stop(epoch log_epoch) {
  if (log_epoch != epoch_) return;
  ending_ = true;
  ask_later_.reset();
  std::erase_if(targets_, [](const auto& item) { return !item.second.session; });
  for (auto& [id, to] : targets_)
    if (!to.session->flowing()) retire(to);
  std::erase_if(targets_, [](const auto& item) { return !item.second.session; });
  end_limit_.emplace(home_.io(), context_->options.end_limit, [this] {
    for (auto& [id, to] : targets_)
      retire(to);
    targets_.clear();
    check_over();
  });
  check_over();
}

void pushed_stream::check_over() {
  if (!ending_ || !targets_.empty()) return;
  // The owner destroys this, perhaps inside a call of one of its parts.
  home_.post([weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && self->ending_ && self->targets_.empty()) self->over_();
  });
}

void pushed_stream::ask() {
  if (asking_ || ending_) return;
  asking_ = true;
  context_->control.enumerate(key_, home_,
                              [weak = weak_from_this()](const result<cluster::enumeration>& found) {
                                if (auto self = weak.lock()) self->on_enumeration(found);
                              });
}

void pushed_stream::ask_soon() {
  auto bytes = random_nonce();
  ask_later_.emplace(home_.io(), context_->options.ask_jitter * bytes[0] / 256, [this] { ask(); });
}

void pushed_stream::on_enumeration(const result<cluster::enumeration>& found) {
  asking_ = false;
  if (ending_) return;
  if (!found) {
    ask_later_.emplace(home_.io(), context_->options.ask_again, [this] { ask(); });
    return;
  }
  head_ = found->head;
  order_ = found->order;
  plan();
  if (std::exchange(digest_, found->digest) == found->digest) return;
  // A relay that is waited for may be back.
  for (auto& [id, to] : targets_)
    if (to.retry) connect(to);
}

cluster::push_state pushed_stream::state_of(const node_id& id, const target& to) const {
  cluster::push_state out{id, to.session && to.session->caught_up()};
  auto absent = std::chrono::steady_clock::now() - to.since;
  out.failing = !(to.session && to.session->flowing()) && absent >= context_->options.stand_in_after;
  return out;
}

void pushed_stream::plan() {
  if (!source_ || ending_) return;
  std::vector<cluster::push_state> states;
  for (const auto& [id, to] : targets_)
    states.push_back(state_of(id, to));
  auto next = cluster::plan_pushes(head_, order_, states);
  for (const auto& id : next.stop) {
    auto gone = targets_.find(id);
    if (gone == targets_.end()) continue;
    auto& session = gone->second.session;
    if (session && session->released()) continue;
    context_->log.info("push stopped", "stream", key_.str(), "relay", id);
    if (session && session->flowing()) {
      session->release();
      continue;
    }
    retire(gone->second);
    targets_.erase(gone);
  }
  for (const auto& relay : next.start) {
    auto& to = targets_[relay.id];
    to.relay = relay;
    connect(to);
  }
  // A relay may come back at another address.
  for (const auto& relay : head_)
    if (auto known = targets_.find(relay.id); known != targets_.end()) known->second.relay = relay;
}

void pushed_stream::connect(target& to) {
  to.retry.reset();
  if (!source_ || ending_) return;
  const auto& options = context_->options;
  // A relay to which everybody comes at once would be late for all, again and again.
  auto limit =
      std::min(options.connect_limit * (1 << std::min(to.failures, 8u)), options.longest_connect_limit);
  to.session = std::make_unique<push_session>(home_, context_->self, options, to.relay, key_, *source_, limit,
                                              static_cast<push_user&>(*this));
}

void pushed_stream::retry(target& to) {
  const auto& options = context_->options;
  auto wait = cluster::backoff(options.first_wait, options.longest_wait, to.failures++, random_);
  to.retry.emplace(home_.io(), wait, [this, id = to.relay.id] {
    if (auto known = targets_.find(id); known != targets_.end()) connect(known->second);
  });
}

void pushed_stream::retire(target& from) {
  from.retry.reset();
  if (!from.session) return;
  from.session->leave(false);
  // It may be the caller, so it is destroyed later.
  home_.post([over = std::shared_ptr<push_session>(std::move(from.session))] {});
}

void pushed_stream::on_flowing(push_session& from) {
  context_->log.info("pushing", "stream", key_.str(), "to", from.relay(), "epoch", from.of().value);
  if (auto known = targets_.find(from.relay()); known != targets_.end()) known->second.failures = 0;
  plan();
}

void pushed_stream::on_caught_up(push_session&) {
  plan();
}

void pushed_stream::on_log_end(push_session& from, stream::end_reason why) {
  if (from.of() < epoch_) {
    if (from.released()) return on_over(from, {errc::closed, "it was released, and its log is over"});
    if (source_) from.follow(*source_);
    return;
  }
  // This node lets go of the log; only its origin's publisher ends it.
  if (why == stream::end_reason::stopped) return on_over(from, {errc::closed, "this node stops"});
  from.end(why);
}

void pushed_stream::on_stale(push_session& from, epoch newest) {
  context_->log.warn("push is stale", "stream", key_.str(), "relay", from.relay(), "newest", newest.value);
  if (context_->options.stale) context_->options.stale(key_, newest);
}

void pushed_stream::on_over(push_session& from, const error& why) {
  auto known = targets_.find(from.relay());
  if (known == targets_.end() || known->second.session.get() != &from) return;
  bool released = from.released();
  if (known->second.failures == 0) known->second.since = std::chrono::steady_clock::now();
  retire(known->second);
  if (ending_ || released) targets_.erase(known);
  if (ending_) return check_over();
  if (released) return plan();
  context_->log.info("push lost", "stream", key_.str(), "relay", from.relay(), "why", why.message);
  retry(known->second);
  plan();
}

} // namespace sluice::net::trunk
