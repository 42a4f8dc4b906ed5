// What the control plane's socket tests share: the caller's executor, a worker, a plain client.
#pragma once

#include "net/control/guard.hpp"
#include "net/core/unique_fd.hpp"
#include "support/eventually.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

namespace sluice::net::test {

using sluice::test::eventually;

class inline_executor final : public plane::executor {
public:
  void post(std::function<void()> task) override { task(); }
};

/// A worker with a thread, for as long as the test.
struct loop {
  loop() : pool(1, "test", logger()) { pool.start(); }
  ~loop() { pool.stop(); }
  worker& home() { return pool.at(0); }
  worker_pool pool;
};

inline guard_options options(std::string secret = "s3cret") {
  guard_options out;
  out.cluster = "test";
  out.secret = std::move(secret);
  return out;
}

inline host_port any_port() {
  host_port out;
  out.host = "127.0.0.1";
  return out;
}

inline result<plane::control_line_ptr> dial(guard& from, std::string address) {
  inline_executor here;
  std::promise<result<plane::control_line_ptr>> answer;
  from.dial(std::move(address), here,
            [&](result<plane::control_line_ptr> r) { answer.set_value(std::move(r)); });
  return answer.get_future().get();
}

/// A connection in use, as CAF has it: the line ends before the descriptor is closed.
struct connection {
  explicit connection(plane::control_line_ptr from) : fd(from->take()), line(std::move(from)) {}
  unique_fd fd;
  plane::control_line_ptr line;
};

/// A stranger's blocking connection to the control port.
class stranger {
public:
  explicit stranger(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
  }
  void send(byte_view bytes) { asio::write(socket_, asio::buffer(bytes.data(), bytes.size())); }
  /// Everything the other side sends until it closes.
  byte_buffer read_to_end() {
    byte_buffer out;
    boost::system::error_code failure;
    asio::read(socket_, asio::dynamic_buffer(out), failure);
    return out;
  }

private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
};

} // namespace sluice::net::test
