// Waits in a coroutine for a callback that is called exactly once on the coroutine's own worker.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace sluice::net {

/// `T value = co_await await_reply<T>([&](auto done) { ask(..., done); });` where `done` is a copyable
/// function of one T.
template <class T, class Start>
auto await_reply(Start start) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      [](auto handler, Start begin) {
        // Callbacks are std::function, which wants copies; handlers can only be moved.
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        begin([held](T value) { std::move (*held)(std::move(value)); });
      },
      boost::asio::use_awaitable, std::move(start));
}

} // namespace sluice::net
