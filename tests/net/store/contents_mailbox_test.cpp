#include "net/store/contents_mailbox.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace sluice;
using net::contents_mailbox;

namespace {

struct queue final : plane::executor {
  void post(std::function<void()> task) override { tasks.push_back(std::move(task)); }
  void run() {
    while (!tasks.empty()) {
      auto next = std::move(tasks.front());
      tasks.pop_front();
      next();
    }
  }
  std::deque<std::function<void()>> tasks;
};

struct at_once final : plane::executor {
  void post(std::function<void()> task) override { task(); }
};

plane::store_contents at_revision(std::uint64_t revision) {
  plane::store_contents out;
  out.revision = revision;
  return out;
}

struct listener {
  std::vector<std::uint64_t> heard;
  contents_mailbox::watcher watcher() {
    return [this](const plane::store_contents& now) { heard.push_back(now.revision); };
  }
};

} // namespace

TEST_CASE("a watcher that is slow hears the newest contents only, and one call waits at most") {
  auto mailbox = std::make_shared<contents_mailbox>();
  queue caller;
  listener l;
  mailbox->put(at_revision(1));
  mailbox->watch(caller, l.watcher());
  CHECK(caller.tasks.size() == 1);
  mailbox->put(at_revision(2));
  mailbox->put(at_revision(3));
  CHECK(caller.tasks.size() == 1);
  caller.run();
  CHECK(l.heard == std::vector<std::uint64_t>{3});
  mailbox->put(at_revision(4));
  caller.run();
  CHECK(l.heard == std::vector<std::uint64_t>{3, 4});
}

TEST_CASE("a watcher may be called at once") {
  auto mailbox = std::make_shared<contents_mailbox>();
  at_once caller;
  listener l;
  mailbox->put(at_revision(1));
  mailbox->watch(caller, l.watcher());
  mailbox->put(at_revision(2));
  CHECK(l.heard == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("a mailbox that is closed tells nothing, not even what was on its way") {
  auto mailbox = std::make_shared<contents_mailbox>();
  queue caller;
  listener l;
  mailbox->watch(caller, l.watcher());
  mailbox->put(at_revision(1));
  mailbox->close();
  mailbox->put(at_revision(2));
  caller.run();
  CHECK(l.heard.empty());
}
