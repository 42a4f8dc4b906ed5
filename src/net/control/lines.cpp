#include "net/control/lines.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <vector>

namespace sluice::net {

namespace {

constexpr unsigned sweeps_per_limit = 10;

} // namespace

class control_lines::line final : public plane::control_line {
public:
  line(std::shared_ptr<control_lines> all, unique_fd connected, std::string peer)
      : all_(std::move(all)), fd_(connected.get()), untaken_(std::move(connected)), peer_(std::move(peer)) {
    ++all_->counters_->proven;
    ++all_->counters_->open;
    std::lock_guard lock(all_->mutex_);
    all_->open_.insert(this);
  }
  line(const line&) = delete;
  line& operator=(const line&) = delete;
  ~line() override {
    {
      std::lock_guard lock(all_->mutex_);
      all_->open_.erase(this);
    }
    --all_->counters_->open;
  }

  int take() override { return untaken_.release(); }
  void heard() override { silent_sweeps_ = 0; }

  void end(plane::line_fault why, std::string_view reason) override {
    if (!shut_down()) return;
    ++(why == plane::line_fault::bad_header ? all_->counters_->bad_headers : all_->counters_->unread_closed);
    all_->log_.warn("control connection closed", "peer", peer_, "reason", reason);
  }

  /// False when it was shut down before.
  bool shut_down() {
    if (ended_.exchange(true)) return false;
    ::shutdown(fd_, SHUT_RDWR);
    return true;
  }
  /// Once a sweep. What came and was not read yet, on a busy machine, is no silence.
  bool silent() { return ++silent_sweeps_ > sweeps_per_limit && !bytes_wait(); }
  [[nodiscard]] const std::string& peer() const { return peer_; }

private:
  [[nodiscard]] bool bytes_wait() const {
    int waiting = 0;
    return ::ioctl(fd_, FIONREAD, &waiting) == 0 && waiting > 0;
  }

  const std::shared_ptr<control_lines> all_;
  const int fd_;
  unique_fd untaken_;
  const std::string peer_;
  std::atomic<unsigned> silent_sweeps_{0};
  std::atomic<bool> ended_{false};
};

plane::control_line_ptr control_lines::add(unique_fd connected, std::string peer) {
  return std::make_unique<line>(shared_from_this(), std::move(connected), std::move(peer));
}

std::chrono::microseconds control_lines::sweep_period() const {
  return std::chrono::microseconds(idle_limit_) / sweeps_per_limit;
}

void control_lines::sweep() {
  std::vector<std::string> silent;
  {
    std::lock_guard lock(mutex_);
    for (auto* one : open_)
      if (one->silent() && one->shut_down()) silent.push_back(one->peer());
  }
  counters_->idle_closed += silent.size();
  for (const auto& peer : silent)
    log_.warn("control connection closed", "peer", peer, "reason",
              fmt::format("silent for {} ms", idle_limit_.count()));
}

void control_lines::end_all() {
  std::lock_guard lock(mutex_);
  for (auto* one : open_)
    one->shut_down();
}

} // namespace sluice::net
