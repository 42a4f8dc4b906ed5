// Turns what the publishers of a key send, one after another, into the bytes of one log: repairs timestamps,
// decides the tracks, puts headers first. Owned by the stream's ingest; its thread only. Sans-IO.
#pragma once

#include "base/result.hpp"
#include "media/flv/tag.hpp"
#include "media/intake/metadata.hpp"
#include "media/intake/source.hpp"
#include "media/intake/timeline.hpp"
#include "media/intake/waiting_room.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace sluice::media {

/// Bytes of metadata, or of a sequence header: nodes tell each other all that are in force in one message.
constexpr std::size_t max_header_data = 48 * 1024;

struct intake_options {
  /// Largest tag data accepted, in bytes.
  std::size_t max_tag_data = 8 * 1024 * 1024;
  /// How long a lone track waits for the other before the tracks are decided.
  std::chrono::milliseconds decide_after{500};
  /// Bytes of frames held while undecided; more decides at once with the tracks at hand.
  std::size_t max_held = 4 * 1024 * 1024;
};

/// Whether the log goes on. After `changed` (other tracks or codecs) or `rollover` (timestamps near their
/// end) it must end: append `output()`, end it, and continue a new epoch's log with `successor()`.
enum class intake_verdict : std::uint8_t { ok, changed, rollover };

/// Tags that did not reach the log, by reason.
struct intake_counters {
  std::uint64_t refused = 0;         ///< `push` returned an error
  std::uint64_t without_header = 0;  ///< frames before their codec's sequence header
  std::uint64_t repeated = 0;        ///< metadata and sequence headers equal to those in force
  std::uint64_t discarded = 0;       ///< held tags of a publisher that left or was replaced, and packets that
                                     ///< are neither frame nor header
  std::uint64_t discontinuities = 0; ///< see `timeline`; these did reach the log
  std::uint64_t clamped = 0;         ///< likewise
};

/// For the API: what the stream is, as far as its publisher told.
struct intake_summary {
  std::string audio_codec; ///< FourCC text, empty without the track
  std::string video_codec;
  picture_hints picture;
  std::uint64_t bytes = 0; ///< of log written
  std::uint64_t tags = 0;
  intake_counters counters;
};

class intake {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `first_timestamp`: where the log's timestamps begin, ms (0, or just after the previous log's last).
  intake(const intake_options& options, std::uint32_t first_timestamp);

  /// Takes one tag as the publisher sent it; `timestamp` in ms (32 bits, may wrap), `now` never goes back.
  /// Errors leave the intake as it was, so that the caller may drop the tag or the publisher: `too_large`,
  /// `malformed` (empty or cut short), `unsupported` (codec unknown, several tracks in one packet).
  result<intake_verdict> push(tag_type type, std::uint32_t timestamp, byte_view data, time_point now);

  /// Lets time pass: a lone track is decided once its wait is over. To be called at `deadline()`.
  intake_verdict tick(time_point now);
  /// When `tick` has something to do next; nothing while no decision is due.
  [[nodiscard]] std::optional<time_point> deadline() const noexcept;

  /// Whole tags, ready to be appended to the log; the caller appends and clears. Empty until decided.
  [[nodiscard]] byte_view output() const noexcept { return output_; }
  void clear_output() noexcept;

  /// The publisher is gone, and what it sent undecided with it. What is pushed next is a returning
  /// publisher's: held until its tracks are decided, then this log goes on if they are the same.
  void publisher_left();

  /// After `changed` or `rollover`: the intake of the next epoch's log. It takes over the headers in force
  /// and every tag not written yet, the one that was pushed last included: that one is not pushed again. It
  /// may have output at once. This intake is of no use afterwards.
  intake successor(std::uint32_t first_timestamp);

  /// Whether the log's tracks are known; they stay known while a returning publisher's are held.
  [[nodiscard]] bool decided() const noexcept { return log_.any_track(); }
  [[nodiscard]] bool has_audio() const noexcept { return log_[track::audio].present(); }
  [[nodiscard]] bool has_video() const noexcept { return log_[track::video].present(); }
  /// The log's codec of a track, zero without it.
  [[nodiscard]] fourcc codec(track which) const noexcept { return log_[which].codec; }
  /// The greatest timestamp in the log, ms; `first_timestamp` before there is one.
  [[nodiscard]] std::uint32_t newest_timestamp() const noexcept { return timeline_.newest(); }
  [[nodiscard]] intake_summary summary() const;

private:
  void accept(const packet& tag);
  void keep_for_successor(const packet& tag);
  [[nodiscard]] bool decision_due(time_point now) const noexcept;
  void decide_if_due(time_point now);
  void decide();
  void write_headers(const source& next);
  void write_held();

  [[nodiscard]] intake_verdict write(const packet& tag);
  [[nodiscard]] intake_verdict write_frame(const packet& tag);
  [[nodiscard]] intake_verdict write_sequence_header(const packet& tag);
  void write_metadata(byte_view data);
  void append(tag_type type, std::uint32_t timestamp, byte_view data);

  intake_options options_;
  timeline timeline_;
  source log_;        // tracks and headers in force in the log
  waiting_room room_; // undecided packets; after a verdict, those of the next log
  bool holding_ = true;
  intake_verdict verdict_ = intake_verdict::ok;
  byte_buffer output_;
  byte_buffer scratch_;
  std::uint64_t bytes_ = 0;
  std::uint64_t tags_ = 0;
  intake_counters counters_;
};

} // namespace sluice::media
