// A pull that is served: finds the log, says hello, sends it until it ends or the puller leaves. One who
// looks gets everything but the bytes.
#include "net/trunk/handshake.hpp"
#include "net/trunk/log_sender.hpp"

#include <algorithm>
#include <limits>

namespace sluice::net::trunk {

namespace {

// An offset no log reaches: what lies beyond head is waited for.
constexpr auto beyond_any_log = std::numeric_limits<std::uint64_t>::max();

class play_session final : public server_session {
public:
  play_session(site& here, request asked) : server_session(here, std::move(asked)) {}
  using server_session::start;

private:
  using found = result<std::shared_ptr<audience>>;

  [[nodiscard]] bool looks() const noexcept { return asked_.what == request::kind::look; }

  void on_hello(const hello&) override {
    here_.counters().served.add();
    // The asker, or one of those it asks for, waits for this very answer.
    const auto& avoid = asked_.avoid;
    if (std::find(avoid.begin(), avoid.end(), here_.self.node) != avoid.end()) return say_not_here();
    notice_.emplace(here_.at.io(), here_.options.search_notice, [this] { link_->send(searching{}); });
    bool local = looks() || asked_.mode == cluster::pull_mode::local;
    auto when = local ? open_when::local : open_when::started;
    look_up(when, [this](const found& log) { on_found(log); });
  }

  void look_up(open_when when, std::function<void(const found&)> then) {
    here_.hub.open(asked_.key, here_.at, when, [alive = weak_from_this(), then](const found& log) {
      if (auto self = alive.lock()) then(log);
    });
  }

  void on_found(const found& log) {
    notice_.reset();
    if (log) return begin(*log);
    if (log.error().code == errc::unavailable) return refuse(log.error());
    say_not_here();
  }

  void say_not_here() {
    link_->send(not_here{});
    finish();
  }

  void begin(std::shared_ptr<audience> log) {
    here_.hub.status(asked_.key, here_.at, [alive = weak_from_this(), this, log](const stream_status& told) {
      if (auto self = alive.lock()) say_log(log, told);
    });
  }

  void say_log(const std::shared_ptr<audience>& log, const stream_status& told) {
    // No origin stands behind a log without a path.
    if (log->view().path()->empty()) return say_not_here();
    auto state = describe(*log, told);
    bool goes_on = !sender_ && asked_.at == state.log_epoch && asked_.from >= state.first;
    hello out;
    out.from = goes_on ? asked_.from : state.first;
    auto from = looks() ? beyond_any_log : *out.from;
    out.log = std::move(state);
    if (!looks() && !std::exchange(counted_, true)) here_.pulls->began(asked_.key);
    say_hello(std::move(out));
    sender_.emplace(link_, log, [this](stream::end_reason why) { on_end(why); });
    sender_->start(from);
  }

  void on_end(stream::end_reason why) {
    // This node lets go of it; the stream itself goes on.
    if (why == stream::end_reason::stopped) return finish();
    auto ended = sender_->of().identity().log_epoch;
    look_up(open_when::local, [this, why, ended](const found& log) {
      if (log && (*log)->identity().log_epoch > ended) return begin(*log);
      link_->send(end{why});
      finish();
    });
  }

  void on_sent() override {
    if (sender_) sender_->on_sent();
  }
  void on_message(const message& m) override {
    if (std::holds_alternative<stale>(m)) finish();
  }
  void on_bytes(byte_view) override { refuse({errc::malformed, "a puller sent log bytes"}); }

  void on_tick() override {
    if (sender_ && sender_->told_lately()) return;
    if (stalled()) return finish();
    if (sender_) sender_->tick();
  }

  void on_over() override {
    notice_.reset();
    sender_.reset();
    if (std::exchange(counted_, false)) here_.pulls->ended(asked_.key);
  }

  bool counted_ = false; ///< among the pulls
  std::optional<deadline> notice_;
  std::optional<log_sender> sender_;
};

} // namespace

void serve_play(site& here, socket s, upgrade_request upgrade, request asked) {
  auto made = std::make_shared<play_session>(here, std::move(asked));
  here.add(made);
  made->start(std::move(s), std::move(upgrade));
}

} // namespace sluice::net::trunk
