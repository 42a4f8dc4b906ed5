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
  /// `on_news` comes soon: starts to fetch what it touches beside the reader itself.
  virtual void prefetch() const noexcept {}
};

/// FourCC text of a log's tracks; empty without the track.
struct log_codecs {
  std::string video, audio;
  bool operator==(const log_codecs&) const = default;
};

class audience : public std::enable_shared_from_this<audience> {
public:
  using found = result<std::shared_ptr<audience>>;
  /// Looks for the audience of the stream's present log on the same worker, ready for viewers; calls back
  /// once, on that worker, never inside the call.
  using search = std::function<void(std::function<void(found)>)>;

  /// How long audio, and a follower's beats, may wait for a picture to travel with, at least.
  static constexpr std::chrono::milliseconds flush_after{40};

  audience(worker& at, stream::log_identity identity, log_codecs codecs, search find_newer);

  [[nodiscard]] const stream::log_identity& identity() const noexcept { return identity_; }
  [[nodiscard]] const stream::log_view& view() const noexcept { return view_; }
  [[nodiscard]] worker& home() const noexcept { return at_; }

  /// Wakes `r` at the next flush (a video tag, or bytes older than `flush_after`, but not sooner after the
  /// flush before than the worker's pace says), or at the log's end.
  void wait(reader& r) { idle_.push_back(r); }
  /// Wakes `r` at any news (bytes, beats, path, end): with the next picture, or `flush_after` later.
  void follow(reader& r) { followers_.push_back(r); }

  /// Whether a reader that has everything before `offset` is to be sent what follows now, rather than with
  /// the next flush.
  [[nodiscard]] bool due(std::uint64_t offset) const noexcept {
    return offset < flushed_head_ || view_.ended() != stream::end_reason::none;
  }

  /// The same for a follower, whom no pace holds up: audio waits for the picture that viewers get it with.
  [[nodiscard]] bool ripe(std::uint64_t offset) const noexcept {
    return offset < ripe_head_ || view_.ended() != stream::end_reason::none;
  }

  /// When the followers were last woken.
  [[nodiscard]] timer::clock::time_point woken_at() const noexcept { return woken_at_; }

  /// This log ended because a newer one began: calls `done` once, on the worker, with that one's audience as
  /// soon as viewers may start there. Readers that ask meanwhile share one search. Errors: `not_live` (the
  /// newer log has other tracks or codecs, or there is none), `timed_out`.
  void find_successor(std::function<void(const found&)> done);

  /// Viewers of this audience; read by any thread.
  std::atomic<std::uint32_t> viewers{0};

  /// For the hub: where the log's writer puts news.
  [[nodiscard]] const std::shared_ptr<stream::log_channel>& channel() const noexcept { return channel_; }
  /// Applies waiting news; on the worker.
  void refresh();

private:
  using reader_list = boost::intrusive::list<reader, boost::intrusive::constant_time_size<false>>;
  static void wake_all(reader_list& list);
  void ripen(bool picture);
  void wake_followers();
  void flush_at(timer::clock::time_point due, timer::clock::time_point now);
  void flush(timer::clock::time_point now);
  void tell_successor(found next);

  worker& at_;
  stream::log_identity identity_;
  log_codecs codecs_;
  search find_newer_;
  std::vector<std::function<void(const found&)>> followed_by_; ///< those who wait for the successor
  stream::log_view view_;
  std::shared_ptr<stream::log_channel> channel_;
  reader_list idle_, followers_;
  timer timer_, ripe_timer_;
  timer::clock::time_point flushed_{};
  std::uint64_t flushed_head_ = 0; ///< what the last flush sent up to
  std::uint64_t ripe_head_ = 0;    ///< what followers may send up to
  timer::clock::time_point woken_at_{};

  friend std::shared_ptr<audience> make_audience(worker& at, stream::log_identity identity, log_codecs codecs,
                                                 search find_newer);
};

/// An audience that is destroyed on its worker, wherever the last reference goes. Without `find_newer` it has
/// no successor. Any thread.
std::shared_ptr<audience> make_audience(worker& at, stream::log_identity identity, log_codecs codecs = {},
                                        audience::search find_newer = {});

} // namespace sluice::net
