#include "net/support/watch_proxy.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

struct pair : std::enable_shared_from_this<pair> {
  pair(asio::io_context& io, tcp::socket from) : near(std::move(from)), far(io) {}

  // One direction; the other end is closed with it.
  void pump(tcp::socket& from, tcp::socket& to, std::array<char, 16'384>& room) {
    from.async_read_some(asio::buffer(room), [this, &from, &to, &room,
                                              self = shared_from_this()](error_code failed, std::size_t n) {
      if (failed) return close();
      if (silent && &from == &far) return pump(from, to, room);
      asio::async_write(to, asio::buffer(room.data(), n),
                        [this, &from, &to, &room, self](error_code unsent, std::size_t) {
                          if (unsent) return close();
                          pump(from, to, room);
                        });
    });
  }
  void go_on(std::uint16_t etcd) {
    far.async_connect({asio::ip::address_v4::loopback(), etcd},
                      [self = shared_from_this()](error_code failed) {
                        if (failed) return self->close();
                        asio::async_write(self->far, asio::buffer(self->up.data(), self->first),
                                          [self](error_code e, std::size_t) {
                                            if (e) return self->close();
                                            self->pump(self->near, self->far, self->up);
                                            self->pump(self->far, self->near, self->down);
                                          });
                      });
  }
  void close() {
    error_code ignored;
    near.close(ignored);
    far.close(ignored);
  }

  tcp::socket near, far;
  std::array<char, 16'384> up, down;
  std::size_t first = 0;
  bool silent = false;
};

} // namespace

struct watch_proxy::state {
  explicit state(std::uint16_t to)
      : etcd(to), acceptor(io, {asio::ip::address_v4::loopback(), 0}), guard(asio::make_work_guard(io)) {
    accept();
    thread = std::thread([this] { io.run(); });
  }
  ~state() {
    io.stop();
    thread.join();
  }

  void accept() {
    acceptor.async_accept([this](error_code failed, tcp::socket s) {
      if (failed) return;
      auto one = std::make_shared<pair>(io, std::move(s));
      one->near.async_read_some(asio::buffer(one->up), [this, one](error_code unread, std::size_t n) {
        one->first = n;
        if (!unread) arrived(one);
      });
      accept();
    });
  }
  void arrived(const std::shared_ptr<pair>& one) {
    bool watch = std::string_view(one->up.data(), one->first).starts_with("POST /v3/watch");
    if (watch) watches.push_back(one);
    if (watch && holding) {
      waiting.push_back(one);
      ++held;
    } else {
      one->go_on(etcd);
    }
  }

  std::uint16_t etcd;
  asio::io_context io;
  tcp::acceptor acceptor;
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  std::vector<std::weak_ptr<pair>> watches;
  std::vector<std::shared_ptr<pair>> waiting;
  bool holding = false;
  std::atomic<int> held{0};
  std::thread thread;
};

watch_proxy::watch_proxy(std::uint16_t etcd) : state_(std::make_unique<state>(etcd)) {}
watch_proxy::~watch_proxy() = default;

std::uint16_t watch_proxy::port() const {
  return state_->acceptor.local_endpoint().port();
}

void watch_proxy::hold_watches() {
  asio::post(state_->io, [s = state_.get()] { s->holding = true; });
}

int watch_proxy::held() const {
  return state_->held;
}

void watch_proxy::release_watches() {
  asio::post(state_->io, [s = state_.get()] {
    s->holding = false;
    for (auto& one : s->waiting)
      one->go_on(s->etcd);
    s->waiting.clear();
    s->held = 0;
  });
}

void watch_proxy::silence_watches() {
  asio::post(state_->io, [s = state_.get()] {
    for (auto& weak : s->watches)
      if (auto one = weak.lock()) one->silent = true;
  });
}

} // namespace sluice::test
