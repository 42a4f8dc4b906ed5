// Hands a store's contents to the one who watches it: at most one call waits, with the newest contents,
// however slow the watcher is. Any thread.
#pragma once

#include "plane/ports.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace sluice::net {

class contents_mailbox : public std::enable_shared_from_this<contents_mailbox> {
public:
  using watcher = std::function<void(const plane::store_contents&)>;

  /// Contents that came before are handed over at once.
  void watch(plane::executor& caller, watcher changed) {
    {
      std::lock_guard lock(mutex_);
      caller_ = &caller;
      changed_ = std::make_shared<const watcher>(std::move(changed));
    }
    post();
  }

  void put(plane::store_contents contents) {
    {
      std::lock_guard lock(mutex_);
      waiting_ = std::move(contents);
    }
    post();
  }

  /// No call begins after this.
  void close() {
    std::lock_guard lock(mutex_);
    caller_ = nullptr;
    changed_ = nullptr;
  }

private:
  // Outside the lock, which `deliver` takes: whoever only puts things down may run it at once.
  void post() {
    plane::executor* to = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (!caller_ || !waiting_ || posted_) return;
      posted_ = true;
      to = caller_;
    }
    to->post([self = shared_from_this()] { self->deliver(); });
  }

  void deliver() {
    std::optional<plane::store_contents> contents;
    std::shared_ptr<const watcher> changed;
    {
      std::lock_guard lock(mutex_);
      posted_ = false;
      contents = std::exchange(waiting_, std::nullopt);
      changed = changed_;
    }
    if (contents && changed) (*changed)(*contents);
  }

  std::mutex mutex_;
  plane::executor* caller_ = nullptr;
  std::shared_ptr<const watcher> changed_;
  std::optional<plane::store_contents> waiting_;
  bool posted_ = false;
};

} // namespace sluice::net
