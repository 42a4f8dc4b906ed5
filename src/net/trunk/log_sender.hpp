// Sends one log over a link: a pull that is served, or a push. Bytes, beats, path and end, each as it comes
// to the audience. Owned by a session; on the link's worker.
#pragma once

#include "net/core/audience.hpp"
#include "net/core/stream_hub.hpp"
#include "net/trunk/link.hpp"

namespace sluice::net::trunk {

/// The log of `from` as a hello states it; `told` has what the audience does not know.
log_state describe(const audience& from, const stream_status& told);

class log_sender final : public reader {
public:
  /// `ended` is called once, when everything up to the log's end was given to the link; it may destroy this.
  log_sender(link_ptr to, std::shared_ptr<audience> of, std::function<void(stream::end_reason)> ended);

  /// Sends from offset `from` on: what lies below the retained part becomes a gap, what lies beyond head is
  /// waited for.
  void start(std::uint64_t from);
  /// What the link had kept of the bytes was written.
  void on_sent();
  /// Tells that the hop lives, unless `told_lately`; to be called at `tick_interval`.
  void tick();
  /// Bytes told so just now.
  [[nodiscard]] bool told_lately() const;

  void on_news() override;
  void prefetch() const noexcept override;

  [[nodiscard]] audience& of() const noexcept { return *of_; }

private:
  void pump(std::string_view beat = {});
  void tell_path();
  [[nodiscard]] std::string_view new_beat();

  link_ptr to_;
  const void* sends_through_;
  std::shared_ptr<audience> of_;
  std::function<void(stream::end_reason)> ended_;
  trunk_counters& counters_;
  std::uint64_t at_ = 0;
  std::uint64_t beat_told_ = 0;
  stream::node_path path_told_;
  std::chrono::steady_clock::time_point sent_at_{};
  bool sending_ = false; ///< the link has not written all bytes it was given
};

} // namespace sluice::net::trunk
