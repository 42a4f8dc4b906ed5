#include "net/trunk/push_session.hpp"

namespace sluice::net::trunk {

push_session::push_session(worker& at, const identity& self, const push_options& options,
                           const cluster::ranked_relay& to, const stream_key& key, push_source source,
                           std::chrono::milliseconds hello_limit, push_user& user)
    : client_session(at, self), options_(options), relay_(to.id), source_(std::move(source)), user_(user) {
  at.counters().trunk.pushes_started.add();
  limit_.emplace(at.io(), hello_limit, [this] {
    fail({errc::timed_out, fmt::format("{} said no hello in time", relay_)});
  });
  dial(to.trunk_address, request{request::kind::publish, key});
}

void push_session::fill(hello& out) {
  out.log = describe(*source_.log, source_.told);
}

void push_session::on_hello(const hello& said) {
  if (!said.from) return fail({errc::malformed, "a relay's hello does not say where it stands"});
  bool first = !std::exchange(flowing_, true);
  if (first) limit_.reset();
  ticker_.emplace(at_.io(), tick_interval, [this] { tick(); });
  sender_.emplace(link_, source_.log, [this](stream::end_reason why) {
    waits_ = true;
    user_.on_log_end(*this, why);
  });
  goal_ = source_.log->view().head();
  sender_->start(*said.from);
  if (first) user_.on_flowing(*this);
  note_head(*said.from);
}

void push_session::note_head(std::uint64_t relay_head) {
  if (relay_head >= goal_ && !std::exchange(caught_up_, true)) user_.on_caught_up(*this);
}

void push_session::release() {
  if (!link_ || std::exchange(released_, true)) return;
  link_->send(trunk::release{});
  limit_.emplace(at_.io(), options_.release_limit, [this] {
    fail({errc::timed_out, fmt::format("{} was released and did not leave in time", relay_)});
  });
}

void push_session::follow(push_source next) {
  waits_ = false;
  sender_.reset();
  source_ = std::move(next);
  if (!link_) return;
  hello out;
  fill(out);
  link_->send(std::move(out));
}

void push_session::end(stream::end_reason why) {
  if (link_) link_->send(trunk::end{why});
  leave(false);
  on_lost({errc::closed, "the log has ended"});
}

void push_session::on_message(const message& m) {
  if (const auto* t = std::get_if<trunk::tick>(&m)) {
    if (flowing_) note_head(t->head);
  } else if (const auto* newer = std::get_if<stale>(&m)) {
    user_.on_stale(*this, newer->newest);
    fail({errc::stale, fmt::format("{} knows a newer epoch", relay_)});
  } else if (const auto* why = std::get_if<failure>(&m)) {
    fail({errc::closed, fmt::format("{} refuses the push: {}", relay_, why->message)});
  }
}

void push_session::on_sent() {
  if (sender_) sender_->on_sent();
}

void push_session::tick() {
  if (!link_) return;
  auto now = std::chrono::steady_clock::now();
  auto writing = link_->writing_since();
  silence_.tick(now);
  if (silence_.reaches(options_.silence_limit, now) || (writing && now - *writing >= options_.write_limit))
    return fail({errc::timed_out, fmt::format("{} is frozen", relay_)});
  if (sender_) sender_->tick();
}

void push_session::on_lost(const error& why) {
  limit_.reset();
  sender_.reset();
  ticker_.reset();
  flowing_ = caught_up_ = waits_ = false;
  user_.on_over(*this, why);
}

} // namespace sluice::net::trunk
