#include "net/http/linger.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::net {

namespace {

using namespace std::chrono_literals;

constexpr auto most_time = 2s;
constexpr std::size_t most_bytes = 4 * 1024 * 1024;

asio::awaitable<void> drain(socket& connection) {
  std::array<char, 4096> thrown_away;
  boost::system::error_code failed;
  for (std::size_t total = 0; total < most_bytes && !failed;) {
    auto n = co_await connection.async_read_some(asio::buffer(thrown_away),
                                                 asio::redirect_error(asio::use_awaitable, failed));
    total += n;
  }
}

} // namespace

asio::awaitable<void> linger(socket& connection) {
  boost::system::error_code failed;
  connection.shutdown(socket::shutdown_send, failed);
  if (!failed) co_await await_close(connection);
}

asio::awaitable<void> await_close(socket& connection) {
  using namespace boost::asio::experimental::awaitable_operators;
  asio::steady_timer timer(connection.get_executor(), most_time);
  co_await (drain(connection) || timer.async_wait(asio::use_awaitable));
}

} // namespace sluice::net
