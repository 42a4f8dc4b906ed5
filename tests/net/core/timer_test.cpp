#include "net/core/timer.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace sluice;
using net::timer;
using namespace std::chrono_literals;

TEST_CASE("a timer destroyed in the turn in which it falls due does not call") {
  boost::asio::io_context io(1);
  int calls = 0;
  std::optional<timer> second(std::in_place, io);
  timer first(io);
  auto due = timer::clock::now() - 1ms;
  // Both are due at once, so the second one's success is queued when the first one destroys it.
  first.at(due, [&] {
    ++calls;
    second.reset();
  });
  second->at(due + 100us, [&] { ++calls; });
  io.run();
  CHECK(calls == 1);
}

TEST_CASE("a timer set again calls only the newer task, and a cancelled one none") {
  boost::asio::io_context io(1);
  int older = 0, newer = 0;
  timer one(io), two(io);
  one.after(0ms, [&] { ++older; });
  one.after(1ms, [&] { ++newer; });
  two.after(0ms, [&] { ++older; });
  two.cancel();
  CHECK(one.armed());
  CHECK_FALSE(two.armed());
  io.run();
  CHECK(older == 0);
  CHECK(newer == 1);
  CHECK_FALSE(one.armed());
}

TEST_CASE("a timer's task may set it again or destroy it") {
  boost::asio::io_context io(1);
  std::optional<timer> one(std::in_place, io);
  int calls = 0;
  std::function<void()> task = [&] {
    if (++calls < 3)
      one->after(0ms, task);
    else
      one.reset();
  };
  one->after(0ms, task);
  io.run();
  CHECK(calls == 3);
}
