#include "net/ingest/rtmp_connection.hpp"

#include "net/http/linger.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <random>

namespace sluice::net {

namespace {

constexpr std::size_t read_size = 64 * 1024;

std::uint64_t random_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

// The words encoders know for each reason of a refusal.
std::string_view status_code(errc why) {
  return why == errc::conflict ? "NetStream.Publish.BadName" : "NetStream.Publish.Denied";
}

// A message is a tag's data and little else.
media::rtmp::session_limits limits_for(std::size_t max_tag_data) {
  media::rtmp::session_limits out;
  out.chunks.max_message = max_tag_data + 64 * 1024;
  out.chunks.max_held = std::max(out.chunks.max_held, 2 * out.chunks.max_message);
  return out;
}

} // namespace

rtmp_connection::rtmp_connection(worker& at, socket s, std::shared_ptr<ingest> publishers, logger log)
    : at_(&at), accepted_at_(at), socket_(std::move(s)), publishers_(std::move(publishers)),
      log_(std::move(log)), peer_(peer_address(socket_)),
      session_(*this, random_seed(), limits_for(publishers_->services().intake.max_tag_data)),
      buffer_(read_size) {}

void rtmp_connection::start(std::function<void()> ended) {
  on_ended_ = std::move(ended);
  tune(socket_);
  guard(accepted_at_);
  watchdog_->rest(publishers_->services().before_publish);
  asio::co_spawn(accepted_at_.io(), until_publish(), [self = shared_from_this()](std::exception_ptr failed) {
    self->report(failed);
    if (self->open_)
      self->go_home();
    else
      self->ended();
  });
}

void rtmp_connection::stop() {
  // At once while it is here: a task that waits could find the connection gone home.
  if (at_ == &accepted_at_) return close();
  at_->post([self = shared_from_this()] { self->close(); });
}

void rtmp_connection::guard(worker& at) {
  watchdog_.emplace(at, [self = weak_from_this()] {
    auto alive = self.lock();
    if (!alive) return;
    alive->log_.warn("publisher silent", "peer", alive->peer_);
    alive->close();
  });
}

void rtmp_connection::close() {
  open_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

// A publisher who lost its key is told so; one whose node ends may come back, so it just sees the end.
void rtmp_connection::evict(const error& why) {
  if (why.code != errc::conflict) return close();
  evicted_ = true;
  session_.reject_publish(status_code(why.code), why.message);
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void rtmp_connection::report(std::exception_ptr failed) {
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const std::exception& e) {
    log_.error("rtmp connection failed", "peer", peer_, "what", e.what());
    close();
  }
}

void rtmp_connection::leave() {
  slot_.reset();
  seat_.reset();
}

void rtmp_connection::ended() {
  leave();
  watchdog_.reset();
  accepted_at_.post([self = shared_from_this()] { std::exchange(self->on_ended_, nullptr)(); });
}

asio::awaitable<void> rtmp_connection::until_publish() {
  while (open_ && !asked_) {
    bool more = co_await read_some();
    if (!more) close();
  }
}

// From the post on everything of the connection is the home worker's.
void rtmp_connection::go_home() {
  auto& home = publishers_->workers().home(asked_->key);
  watchdog_.reset();
  auto moved = move_to(home, std::move(socket_));
  if (!moved) {
    log_.error("publisher lost", "peer", peer_, "why", moved.error().message);
    close();
    return ended();
  }
  socket_ = std::move(*moved);
  at_ = &home;
  home.post([self = shared_from_this(), &home] {
    self->guard(home);
    self->watchdog_->rest(self->publishers_->services().between_bytes);
    asio::co_spawn(home.io(), self->publish_at_home(), [self](std::exception_ptr failed) {
      self->report(failed);
      self->ended();
    });
  });
}

asio::awaitable<void> rtmp_connection::publish_at_home() {
  bool more = co_await decide();
  while (more && open_ && !evicted_) {
    more = co_await read_some();
    if (!slot_) break; // unpublished
    slot_->flush();
  }
  if (evicted_) {
    slot_.reset();
    co_await write_answers();
  }
  // Refused, evicted or unpublished: encoders take it for an error when the server ends first.
  if (open_ && !slot_) co_await await_close(socket_);
  close();
}

asio::awaitable<bool> rtmp_connection::decide() {
  publisher_slot::evicted evicted = [self = weak_from_this()](const error& why) {
    if (auto alive = self.lock()) alive->evict(why);
  };
  auto seat = publishers_->seats().take();
  if (!seat) co_return co_await refuse(seat.error());
  auto admitted = co_await publishers_->publish(*asked_, peer_, evicted);
  if (!admitted) co_return co_await refuse(admitted.error());
  if (!open_) co_return false;
  seat_ = std::move(*seat);
  slot_ = std::move(*admitted);
  session_.accept_publish();
  for (const auto& tag : std::exchange(early_, {}))
    on_media(tag.type, tag.timestamp, tag.data);
  slot_->flush();
  co_await write_answers();
  co_return true;
}

asio::awaitable<bool> rtmp_connection::refuse(const error& why) {
  at_->counters().ingest.refused.add();
  log_.warn("publisher refused", "peer", peer_, "stream", asked_->key.str(), "why", why.message);
  session_.reject_publish(status_code(why.code), why.message);
  co_await write_answers();
  co_return false;
}

asio::awaitable<bool> rtmp_connection::read_some() {
  boost::system::error_code failed;
  auto n = co_await socket_.async_read_some(asio::buffer(buffer_),
                                            asio::redirect_error(asio::use_awaitable, failed));
  if (failed || !open_) co_return false;
  auto& counters = at_->counters().ingest;
  counters.received_bytes.add(n);
  if (slot_) watchdog_->rest(publishers_->services().between_bytes);
  auto fed = session_.feed(byte_view(buffer_).first(n));
  if (!fed) {
    counters.protocol_errors.add();
    log_.warn("rtmp connection ended", "peer", peer_, "why", fed.error().message);
  }
  co_await write_answers();
  co_return fed.has_value();
}

asio::awaitable<void> rtmp_connection::write_answers() {
  while (open_ && session_.has_output()) {
    auto answers = session_.take_output();
    if (deaf_) continue;
    boost::system::error_code failed;
    co_await asio::async_write(socket_, asio::buffer(answers),
                               asio::redirect_error(asio::use_awaitable, failed));
    // Encoders say goodbye and close without reading: what they said may still be here to read.
    if (failed) deaf_ = true;
  }
}

void rtmp_connection::on_publish(const stream_address& address) {
  asked_ = address;
}

void rtmp_connection::on_media(media::tag_type type, std::uint32_t timestamp, byte_view data) {
  if (!slot_) {
    early_.push_back({type, timestamp, byte_buffer(data.begin(), data.end())});
    return;
  }
  auto pushed = slot_->push(type, timestamp, data);
  if (pushed) return;
  at_->counters().ingest.dropped_packets.add();
  if (reported_drops_++ == 0)
    log_.warn("packet dropped", "stream", asked_->key.str(), "why", pushed.error().message);
}

void rtmp_connection::on_unpublish() {
  if (!slot_) return close();
  slot_->flush();
  slot_->end();
  leave();
}

} // namespace sluice::net
