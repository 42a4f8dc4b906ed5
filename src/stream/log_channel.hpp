// Hands a log's news from its writer's thread to one reader thread, merged into one wake-up.
#pragma once

#include "stream/log_delta.hpp"

#include <functional>
#include <mutex>

namespace sluice::stream {

class log_channel {
public:
  /// `wake` is called on the writer's thread when news arrive and none are waiting; it must only post.
  explicit log_channel(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Writer's thread: adds news to those not taken yet.
  void push(const log_delta& news);

  /// Reader's thread: all news since the last call, or nothing.
  std::optional<log_delta> take();

private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::optional<log_delta> waiting_;
};

} // namespace sluice::stream
