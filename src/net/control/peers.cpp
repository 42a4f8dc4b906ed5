#include "net/control/peers.hpp"

namespace sluice::net {

std::uint64_t control_peers::under_way(std::function<void()> end) {
  ends_.emplace(next_id_, std::move(end));
  return next_id_++;
}

void control_peers::end_all() {
  closed_ = true;
  sweep_timer_.cancel();
  for (auto& [id, end] : std::exchange(ends_, {}))
    end();
  lines_->end_all();
}

result<plane::control_line_ptr> control_peers::admit(asio::ip::tcp::socket network, std::string peer_name) {
  boost::system::error_code failure;
  unique_fd connected(network.release(failure));
  if (failure) return error{errc::io, failure.message()};
  if (!std::exchange(sweeping_, true)) sweep_on();
  return lines_->add(std::move(connected), std::move(peer_name));
}

void control_peers::sweep_on() {
  sweep_timer_.expires_after(lines_->sweep_period());
  sweep_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& failure) {
    if (failure || self->closed_) return;
    self->lines_->sweep();
    self->sweep_on();
  });
}

} // namespace sluice::net
