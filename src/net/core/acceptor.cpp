#include "net/core/acceptor.hpp"

#include <boost/asio/steady_timer.hpp>

namespace sluice::net {

namespace {
constexpr std::chrono::milliseconds retry_after{100};
} // namespace

struct acceptor_group::site : std::enable_shared_from_this<site> {
  site(worker& w, tcp::acceptor a, accepted f)
      : at(w), acceptor(std::move(a)), retry(w.io()), on_socket(std::move(f)) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](boost::system::error_code failed, tcp::socket s) {
      if (self->stopped || failed == asio::error::operation_aborted) return;
      // Out of descriptors, say: the listener lives on, a little later.
      if (failed) return self->accept_later();
      // First of all, so that nothing the new connection does ends the listening.
      self->accept();
      self->hand_over(std::move(s));
    });
  }

  void accept_later() {
    retry.expires_after(retry_after);
    retry.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
      if (!cancelled && !self->stopped) self->accept();
    });
  }

  void hand_over(tcp::socket s) {
    boost::system::error_code failed;
    auto protocol = s.local_endpoint(failed).protocol();
    socket plain(at.io());
    if (!failed) plain.assign(protocol, s.release(failed), failed);
    if (!failed) on_socket(at, std::move(plain));
  }

  void stop() {
    stopped = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
  }

  worker& at;
  tcp::acceptor acceptor;
  asio::steady_timer retry;
  accepted on_socket;
  bool stopped = false;
};

acceptor_group::~acceptor_group() = default;

result<std::uint16_t> acceptor_group::listen(const host_port& address, std::string flag, accepted on_socket) {
  auto wanted = address;
  std::vector<std::shared_ptr<site>> opened;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto& w = workers_.at(i);
    auto acceptor = open_listener(w.io(), wanted, {.reuse_port = true, .flag_name = flag, .probe = i == 0});
    if (!acceptor) return acceptor.error();
    wanted.port = acceptor->local_endpoint().port();
    opened.push_back(std::make_shared<site>(w, std::move(*acceptor), on_socket));
  }
  for (auto& s : opened)
    s->at.post([s] { s->accept(); });
  sites_.insert(sites_.end(), opened.begin(), opened.end());
  return wanted.port;
}

void acceptor_group::stop() {
  for (auto& s : std::exchange(sites_, {}))
    s->at.post([s] { s->stop(); });
}

} // namespace sluice::net
