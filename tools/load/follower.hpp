// Follows the FLV of one viewer, picture by picture: what was lost, doubled or changed, and how old each
// picture was when it came.
#pragma once

#include "clip.hpp"

#include <unordered_map>

namespace sluice::load {

/// What the checked viewers of all streams saw while counting.
struct findings {
  bool counting = false;
  std::uint64_t pictures = 0;
  std::uint64_t lost = 0;    ///< pictures skipped
  std::uint64_t doubled = 0; ///< pictures seen again
  std::uint64_t wrong = 0;   ///< pictures that differ from what another viewer got, tags that are none
  std::vector<float> age_ms; ///< of each picture at arrival
};

/// Per stream: checksum of each picture by number, from the first viewer that had it.
using known_pictures = std::unordered_map<std::uint64_t, std::uint64_t>;

class follower {
public:
  follower(findings& found, known_pictures& known) : found_(found), known_(known) {}

  /// The next bytes of FLV, from the file header on; they came at `now_us` of `mark_clock`.
  void feed(byte_view bytes, std::uint64_t now_us);
  /// Whether a picture came, whole.
  [[nodiscard]] bool has_picture() const noexcept { return last_number_ > 0; }
  /// When the newest picture was sent, by its mark; 0 before.
  [[nodiscard]] std::uint64_t newest_sent_us() const noexcept { return newest_sent_us_; }

private:
  std::size_t step(byte_view bytes);
  void finish_tag(std::uint64_t now_us);
  void on_picture(picture_mark mark, std::uint64_t now_us);

  findings& found_;
  known_pictures& known_;
  std::size_t skip_ = media::file_header_size;
  byte_buffer start_; ///< the tag's header and as much of its data as a mark takes
  std::size_t tag_left_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t last_number_ = 0, newest_sent_us_ = 0;
};

} // namespace sluice::load
