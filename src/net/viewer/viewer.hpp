// One viewer of one stream: a cursor and a connection it writes to. Never more than one write in flight;
// between two writes it may jump, go on in a newer epoch's log, or be closed. On its worker; keeps itself
// alive until its connection is gone.
#pragma once

#include "net/core/audience.hpp"
#include "stream/cursor.hpp"

#include <boost/asio/buffer.hpp>

#include <memory>

namespace sluice::net {

class viewer_roster;

/// Why a viewer is closed, as its peer is told (WebSocket: RFC 6455 section 7.4, 4000-4999 are private).
struct close_word {
  std::uint16_t code = 1000;
  std::string_view reason;
};
close_word close_word_for(stream::end_reason reason) noexcept;
inline constexpr close_word closed_too_slow{4004, "too_slow"};
inline constexpr close_word closed_draining{4002, "draining"};
inline constexpr close_word closed_shutdown{1001, "shutdown"};

class viewer : public reader, public std::enable_shared_from_this<viewer> {
public:
  /// The log must have a join point. The viewer registers with `roster` until it is destroyed.
  viewer(std::shared_ptr<audience> log, stream::cursor_options options,
         std::shared_ptr<viewer_roster> roster);
  ~viewer() override;
  viewer(const viewer&) = delete;
  viewer& operator=(const viewer&) = delete;

  /// Value of the header `Sluice-Log`: `<epoch>;<join offset>;<preface length>`.
  [[nodiscard]] std::string log_header() const;

  /// Sends the preface and goes on. Call once, when the peer has its response header.
  void start();

  /// The peer is told `why`, as soon as it has its response header, then the connection ends.
  void finish(close_word why);
  /// It was told to go, or is gone.
  [[nodiscard]] bool leaving() const noexcept { return end_asked_ || phase_ == phase::dead; }

  void on_news() override { pump(); }
  /// For the roster, now and then: ends a viewer whose write makes no progress; now and then asks the peer
  /// for a sign of life.
  void check(std::chrono::steady_clock::time_point now);

protected:
  /// At most the preface and two parts of a piece.
  using write_buffers = std::array<asio::const_buffer, 3>;

  /// Sends at once what the kernel takes. True: that was all. False: `written` is called when the rest is
  /// out, or the connection is broken.
  virtual bool write(const write_buffers& bytes) = 0;
  /// Starts the orderly end; calls `dead` when the connection is closed.
  virtual void close(close_word why) = 0;
  /// Ends the connection at once; pending operations fail.
  virtual void abort() = 0;
  virtual void ping() {}

  void written(boost::system::error_code failed, std::size_t bytes);
  /// As `dead`; a peer that the kernel gave up on counts as too slow.
  void broken(boost::system::error_code why);
  /// The connection ended, whoever did it.
  void dead();

private:
  enum class phase : std::uint8_t {
    opening, ///< the peer does not have its response header yet
    idle,
    writing,
    between, ///< its log is over; it waits for the newer one's
    closing,
    dead
  };

  void pump();
  void send(const stream::log_bytes& bytes);
  void sent(std::size_t bytes);
  void on_log_end(stream::end_reason why);
  void go_on_in(const audience::found& newer);

  // First what each send touches.
  std::shared_ptr<audience> log_;
  phase phase_ = phase::opening;
  bool end_asked_ = false;
  stream::cursor cursor_;
  byte_buffer preamble_;
  stream::segment_pins pins_;
  std::shared_ptr<viewer_roster> roster_;
  close_word end_word_;
  std::chrono::steady_clock::time_point write_started_; // of what the peer keeps us waiting with
  std::chrono::steady_clock::time_point last_ping_;

public:
  /// Places in the roster's list; only the roster uses them.
  std::size_t roster_index = 0;
};

/// All viewers of one worker, looked after at an interval. Owned by the HTTP server of that worker.
class viewer_roster {
public:
  struct options {
    std::chrono::milliseconds write_deadline{10'000};
    std::chrono::milliseconds close_deadline{2'000};
    std::chrono::milliseconds ping_interval{20'000};
    std::chrono::milliseconds check_interval{1'000};
  };

  viewer_roster(worker& at, options opts) : at_(at), options_(opts), timer_(at.io()), drain_timer_(at.io()) {}

  void start();
  /// As `finish_all`, and looks after nobody any more.
  void stop(close_word why);
  /// Closes every viewer with `why`, evenly over `within`, so that they do not all come to another node at
  /// once; few viewers go at once.
  void drain(close_word why, std::chrono::milliseconds within);
  [[nodiscard]] std::size_t size() const noexcept { return viewers_.size(); }
  [[nodiscard]] worker& at() const noexcept { return at_; }
  [[nodiscard]] const options& settings() const noexcept { return options_; }

  void add(viewer& v);
  void remove(viewer& v) noexcept;

private:
  worker& at_;
  options options_;
  void finish_some(close_word why, std::size_t most);
  void drain_step(close_word why, std::chrono::steady_clock::time_point until);

  asio::steady_timer timer_;
  timer drain_timer_;
  bool stopped_ = false;
  std::vector<viewer*> viewers_;
};

} // namespace sluice::net
