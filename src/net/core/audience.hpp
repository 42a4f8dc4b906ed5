// The readers of one log on one worker: they share a `log_view` and are woken together, at most once per
// flush. Lives on its worker; created by `stream_hub`.
#pragma once

#include "net/core/timer.hpp"
#include "net/core/worker.hpp"
#include "stream/log_channel.hpp"
#include "stream/log_view.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>

namespace sluice::net {

/// Something that sends log bytes to one peer. Leaves its audience's lists when destroyed.
class reader
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  virtual ~reader() = default;
  /// There are news in the view. Called once per `audience::wait`, on the worker; the reader may wait
  /// again, or destroy itself.
  virtual void on_news() = 0;
};

class audience {
public:
  /// How long audio may wait for a picture to travel with.
  static constexpr std::chrono::milliseconds flush_after{40};

  audience(worker& at, stream::log_identity identity);

  [[nodiscard]] const stream::log_identity& identity() const noexcept { return identity_; }
  [[nodiscard]] const stream::log_view& view() const noexcept { return view_; }
  [[nodiscard]] worker& home() const noexcept { return at_; }

  /// Wakes `r` at the next flush (a video tag, or bytes older than `flush_after`), or at the log's end.
  void wait(reader& r) { idle_.push_back(r); }
  /// Wakes `r` at any news: bytes, beats, path, end.
  void follow(reader& r) { followers_.push_back(r); }

  /// Viewers of this audience; read by any thread.
  std::atomic<std::uint32_t> viewers{0};

  /// For the hub: where the log's writer puts news.
  [[nodiscard]] const std::shared_ptr<stream::log_channel>& channel() const noexcept { return channel_; }
  /// Applies waiting news; on the worker.
  void refresh();

private:
  using reader_list = boost::intrusive::list<reader, boost::intrusive::constant_time_size<false>>;
  static void wake_all(reader_list& list);
  void flush();
  void flush_later();

  worker& at_;
  stream::log_identity identity_;
  stream::log_view view_;
  std::shared_ptr<stream::log_channel> channel_;
  reader_list idle_, followers_;
  timer timer_;

  friend std::shared_ptr<audience> make_audience(worker& at, stream::log_identity identity);
};

/// An audience that is destroyed on its worker, wherever the last reference goes. Any thread.
std::shared_ptr<audience> make_audience(worker& at, stream::log_identity identity);

} // namespace sluice::net
