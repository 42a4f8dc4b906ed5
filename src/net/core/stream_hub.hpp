// Every stream of one node: which worker is its home, its log, what feeds it, and the audiences that read it.
// The functions without a thread note may be called from any thread; their work runs on the key's home
// worker.
#pragma once

#include "net/core/audience.hpp"
#include "net/core/worker.hpp"
#include "stream/stream.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>

namespace sluice::net {

/// Keeps a stream's log growing: a publisher, a push from the origin, or a pull. Lives on the home worker and
/// stops when destroyed.
class feeder {
public:
  virtual ~feeder() = default;
  /// `publisher`, `push` or `pull`.
  [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
  /// The node the bytes come from; empty for a publisher, or while there is none.
  [[nodiscard]] virtual node_id upstream() const = 0;
  /// The paths of all upstreams that feed it now, the leader's first.
  [[nodiscard]] virtual std::vector<std::vector<node_id>> ways() const { return {}; }
  /// Ends by itself when nobody reads the stream any more.
  [[nodiscard]] virtual bool on_demand() const noexcept = 0;
  /// The origin has been out of reach since then (unix ms); 0: it has not.
  [[nodiscard]] virtual std::uint64_t orphaned_since() const noexcept { return 0; }
  /// It will never feed again: the next reader gets another.
  [[nodiscard]] virtual bool finished() const noexcept { return false; }
  /// It has brought everything up to the log's head.
  [[nodiscard]] virtual bool flowing() const { return true; }
};

/// A stream and its feeder on the home worker.
struct hosted_stream {
  hosted_stream(stream_key key, stream::log_options options) : log(std::move(key), options) {}

  stream::stream log;
  std::unique_ptr<feeder> source;
  bool handed_over = false; ///< beside `source` the push before it still writes, until that one flows
  std::vector<std::weak_ptr<audience>> audiences; ///< of the current log, by worker index
  std::chrono::steady_clock::time_point unwanted_since{};
  bool unwanted = false;
  std::string video, audio; ///< FourCC text for people; empty when not known
  std::uint32_t width = 0, height = 0;

  /// A stream that is not here is answered `refusal` until then, without a search.
  std::chrono::steady_clock::time_point refused_until{};
  error refusal{errc::not_live, {}};

  /// Waits for a log, ready for viewers or not.
  struct starter {
    std::shared_ptr<const bool> answered;
    std::function<void()> wake;
  };
  std::vector<starter> starters;
};

/// One stream as `/api/v1/streams` shows it.
struct stream_status {
  std::string key;
  epoch log_epoch;
  bool live = false; ///< there is a current log
  std::string feeder_kind;
  node_id upstream;
  std::uint64_t orphaned_since = 0;
  std::vector<node_id> path;
  std::vector<std::vector<node_id>> ways; ///< see `feeder::ways`
  std::uint64_t first = 0, head = 0, retained = 0;
  std::uint32_t newest_timestamp = 0;
  std::optional<stream::beat> last_beat;
  stream::tracks present;
  std::string video, audio;
  std::uint32_t width = 0, height = 0;
  std::uint32_t viewers = 0;
};

enum class open_when : std::uint8_t {
  ready,   ///< a viewer: wait for a join point and the catch-up
  started, ///< a trunk reader: as soon as there is a log
  local,   ///< a trunk reader that must not start a feeder: `not_live` unless there is a log now
  present  ///< do not start a feeder: `not_live` unless there is a log now (and then as `ready`)
};

class stream_hub {
public:
  using feeder_factory = std::function<std::unique_ptr<feeder>(hosted_stream&, worker& home)>;
  using opened = std::function<void(result<std::shared_ptr<audience>>)>;

  struct options {
    stream::log_options log;
    std::chrono::milliseconds open_timeout{5'000}; ///< a reader waits no longer for the first picture
    std::chrono::milliseconds linger{10'000};      ///< an unread on-demand stream is kept this long
    std::size_t max_streams = 10'000;              ///< per home worker; more are refused as `unavailable`
  };

  stream_hub(worker_pool& workers, options opts, logger log);
  ~stream_hub();

  /// How a stream that is asked for and not here gets fed; none on an origin. Before the workers start.
  void on_demand(feeder_factory make) { make_feeder_ = std::move(make); }
  /// Starts the housekeeping timers. Before the workers start.
  void start();
  /// Ends every stream (readers see `stopped`) and the housekeeping. Posted to the workers.
  void stop();

  /// Finds or fetches the stream and calls `done` once, on `at`. Errors: `not_live`, `timed_out`,
  /// `unavailable`, and what the feeder failed with.
  void open(stream_key key, worker& at, open_when when, opened done);

  /// Runs `task` on the home worker of `key` with its stream, created if missing (`unavailable` passed as
  /// null when there are too many).
  void on_home(const stream_key& key, std::function<void(hosted_stream*, worker&)> task);

  /// Home worker only: the stream of `key`, or null.
  hosted_stream* find(const stream_key& key);
  /// Home worker only: as `find`, created if missing; null when there are too many.
  hosted_stream* find_or_add(const stream_key& key);

  /// Home worker only: a feeder began the log of `h`, set its path and named its codecs. Wakes those who wait
  /// for a log only.
  static void log_began(hosted_stream& h);
  /// Home worker only: `h` lost its feeder while its log goes on: another takes over, or the log ends.
  void feed_again(hosted_stream& h);
  /// Whether `feed_again` finds another feeder.
  [[nodiscard]] bool can_feed() const noexcept { return make_feeder_ != nullptr; }

  /// All streams with a current log, for the API; `done` runs on `caller`.
  void list(worker& caller, std::function<void(std::vector<stream_status>)> done);
  /// Streams with a current log, as of the last second. Any thread.
  [[nodiscard]] std::uint32_t carried() const noexcept;
  /// One stream, or `live == false`.
  void status(stream_key key, worker& caller, std::function<void(stream_status)> done);

  [[nodiscard]] worker_pool& workers() noexcept { return workers_; }
  [[nodiscard]] const options& settings() const noexcept { return options_; }

private:
  struct shard; // one a home worker
  void open_at_home(shard& s, const stream_key& key, worker& at, open_when when, opened done);
  std::shared_ptr<audience> audience_of(hosted_stream& h, worker& at);
  void deliver(hosted_stream& h, worker& at, const opened& done);
  static bool was_refused(const hosted_stream& h);
  void sweep(shard& s);
  shard& shard_of(const stream_key& key);

  worker_pool& workers_;
  options options_;
  logger log_;
  feeder_factory make_feeder_;
  std::vector<std::unique_ptr<shard>> shards_;
};

} // namespace sluice::net
