// A push that is taken: feeds the stream from the origin, or stands by while a pull delivers the same bytes
// earlier. On the stream's home worker.
#include "net/trunk/handshake.hpp"
#include "net/trunk/log_receiver.hpp"

namespace sluice::net::trunk {

namespace {

using std::chrono::steady_clock;

class publish_session;

/// The push as the stream's feeder; the stream's owner ends the feeding by destroying it.
class push_feeder final : public feeder {
public:
  explicit push_feeder(std::weak_ptr<publish_session> of) : of_(std::move(of)) {}
  ~push_feeder() override;
  [[nodiscard]] std::string_view kind() const noexcept override { return "push"; }
  [[nodiscard]] node_id upstream() const override;
  [[nodiscard]] bool on_demand() const noexcept override { return false; }
  [[nodiscard]] std::uint64_t orphaned_since() const noexcept override;

private:
  std::weak_ptr<publish_session> of_;
};

class publish_session final : public server_session {
public:
  publish_session(site& here, request asked)
      : server_session(here, std::move(asked)), receiver_(here_.at, here_.self.node) {}
  using server_session::start;

  [[nodiscard]] const node_id& origin() const noexcept { return peer_; }
  [[nodiscard]] std::uint64_t orphaned_since() const noexcept {
    // Two beats and their way may be lost before anybody speaks of it.
    constexpr auto orphaned_after = 3 * tick_interval;
    return steady_clock::now() - beat_at_ >= orphaned_after ? beat_unix_ms_ : 0;
  }
  void no_longer_feeds() { feeds_ = false; }

private:
  void on_hello(const hello& said) override { take_log(said); }

  void take_log(const hello& said) {
    if (!said.log) return refuse({errc::malformed, "a push whose hello has no log"});
    auto* h = here_.hub.find_or_add(asked_.key);
    if (!h) return refuse({errc::unavailable, "this node carries too many streams"});
    if (h->source && h->source->kind() == "publisher")
      return refuse({errc::conflict, fmt::format("{} is published at this node", asked_.key.str())});
    auto* log = h->log.current();
    if (log && log->identity().log_epoch == said.log->log_epoch) return go_on(*h, *said.log);
    if (auto began = receiver_.begin(*h, *said.log, said.log->first); !began)
      return cannot_begin(*h, began.error());
    feed(*h);
    catch_up_.emplace(here_.at.io(), here_.options.catch_up_limit, [this] {
      if (auto* stream = here_.hub.find(asked_.key)) stream->log.caught_up();
    });
    answer(said.log->first);
    here_.log.info("push received", "stream", asked_.key.str(), "origin", peer_, "epoch",
                   said.log->log_epoch.value);
  }

  void go_on(hosted_stream& h, const log_state& said) {
    auto head = h.log.current()->head();
    receiver_.resume(said, head);
    bool pulled = h.source && !h.source->finished() && h.source->kind() == "pull";
    if (!pulled) take_over(h);
    answer(head);
  }

  void cannot_begin(const hosted_stream& h, const error& why) {
    if (why.code != errc::stale) return refuse(why);
    link_->send(stale{h.log.last_epoch()});
    finish();
  }

  void answer(std::uint64_t from) {
    hello out;
    out.from = from;
    say_hello(std::move(out));
  }

  void feed(hosted_stream& h) {
    h.source = std::make_unique<push_feeder>(std::static_pointer_cast<publish_session>(shared_from_this()));
    feeds_ = true;
    leaving_ = h.handed_over = false;
    note_beat();
  }

  /// Another upstream is to feed; until it flows this push still does.
  void hand_over(hosted_stream& h) {
    if (!feeds_) return finish();
    if (!here_.hub.can_feed() || leaving_) return;
    here_.log.info("push is to end, another upstream is sought", "stream", asked_.key.str(), "origin", peer_);
    leaving_ = h.handed_over = true;
    here_.hub.feed_again(h);
  }

  /// Whether the upstream that was sought flows: the push is over.
  bool handed_over(hosted_stream& h) {
    if (!leaving_ || !h.source || !h.source->flowing()) return false;
    finish();
    return true;
  }

  void take_over(hosted_stream& h) {
    feed(h);
    receiver_.take_over(h);
  }

  void on_bytes(byte_view bytes) override {
    silence_.heard(steady_clock::now());
    auto* h = here_.hub.find(asked_.key);
    if (!h) return finish();
    if (handed_over(*h)) return;
    if (!feeds_ && !leaving_ && receiver_.extends(*h, bytes.size())) take_over(*h);
    if (auto ok = receiver_.bytes(*h, bytes); !ok) refuse(ok.error());
  }

  void on_message(const message& m) override {
    auto* h = here_.hub.find(asked_.key);
    if (!h) return finish();
    if (const auto* b = std::get_if<stream::beat>(&m)) return on_beat(*h, *b);
    if (const auto* left_out = std::get_if<gap>(&m)) return on_gap(*h, *left_out);
    if (const auto* why = std::get_if<end>(&m)) return on_end(*h, why->reason);
    if (const auto* again = std::get_if<hello>(&m)) return take_log(*again);
    if (std::holds_alternative<release>(m)) return hand_over(*h);
    if (const auto* changed = std::get_if<path_change>(&m))
      if (auto ok = receiver_.set_path(*h, changed->path, feeds_); !ok) refuse(ok.error());
  }

  void on_beat(hosted_stream& h, const stream::beat& b) {
    const auto* log = h.log.current();
    bool newer = log && log->identity().log_epoch == receiver_.of() &&
                 (!log->last_beat() || b.number > log->last_beat()->number);
    // Without new bytes the beat shows which way is alive.
    if (!feeds_ && !leaving_ && newer && receiver_.at() >= log->head()) take_over(h);
    if (!feeds_ && !(leaving_ && newer)) return;
    note_beat();
    receiver_.set_beat(h, b);
  }

  void on_gap(hosted_stream& h, const gap& left_out) {
    if (!feeds_ && h.log.current() && left_out.to > h.log.current()->head()) {
      // What a pull delivers now has no gap: come again when it has got further.
      if (leaving_ || (h.source && h.source->flowing())) return finish();
      take_over(h);
    }
    if (auto ok = receiver_.skip(h, left_out); !ok) refuse(ok.error());
  }

  void on_end(hosted_stream& h, stream::end_reason why) {
    auto* log = h.log.current();
    if (!log || log->identity().log_epoch != receiver_.of()) return;
    h.log.finish(why);
    if (feeds_ || (h.source && h.source->kind() == "pull")) h.source.reset();
  }

  void note_beat() {
    beat_at_ = steady_clock::now();
    beat_unix_ms_ = unix_ms_now();
  }

  void on_sent() override {}

  void on_tick() override {
    auto* h = here_.hub.find(asked_.key);
    if (!h || silent(here_.options.push_silence_limit) || stalled()) return finish();
    if (handed_over(*h)) return;
    if (feeds_ && h->log.current() && steady_clock::now() - beat_at_ >= here_.options.grace) {
      h->log.finish(stream::end_reason::origin_lost);
      return finish();
    }
    link_->send(trunk::tick{h->log.current() ? h->log.current()->head() : 0});
    link_->acknowledge_reads();
  }

  void on_over() override {
    catch_up_.reset();
    if (auto* left = leaving_ ? here_.hub.find(asked_.key) : nullptr) left->handed_over = false;
    auto* h = feeds_ ? here_.hub.find(asked_.key) : nullptr;
    if (!h) return;
    here_.log.info("push lost", "stream", asked_.key.str(), "origin", peer_);
    here_.hub.feed_again(*h);
  }

  log_receiver receiver_;
  std::optional<deadline> catch_up_;
  bool feeds_ = false;   ///< the stream's source is this push
  bool leaving_ = false; ///< the stream's source is to be another, and this push still writes
  steady_clock::time_point beat_at_;
  std::uint64_t beat_unix_ms_ = 0;
};

push_feeder::~push_feeder() {
  if (auto session = of_.lock()) session->no_longer_feeds();
}

node_id push_feeder::upstream() const {
  auto session = of_.lock();
  return session ? session->origin() : node_id{};
}

std::uint64_t push_feeder::orphaned_since() const noexcept {
  auto session = of_.lock();
  return session ? session->orphaned_since() : 0;
}

} // namespace

void serve_publish(site& here, socket s, upgrade_request upgrade, request asked) {
  auto made = std::make_shared<publish_session>(here, std::move(asked));
  here.add(made);
  made->start(std::move(s), std::move(upgrade));
}

} // namespace sluice::net::trunk
