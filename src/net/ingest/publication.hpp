// A stream published at this origin: turns its publishers' packets into the log, makes the beats, and keeps
// the log through a publisher's absence. Lives in the stream hub as the stream's feeder; home worker only.
#pragma once

#include "cluster/stream_claim.hpp"
#include "media/intake/intake.hpp"
#include "net/core/stream_hub.hpp"
#include "net/core/timer.hpp"
#include "net/ingest/contest.hpp"
#include "net/ingest/published_times.hpp"
#include "plane/ports.hpp"

namespace sluice::net {

/// What an origin's ingest needs of the node, and its options.
struct ingest_services {
  node_id node;
  stream_hub* hub = nullptr;
  plane::control* control = nullptr; ///< null: a node without directories
  published_times* times = nullptr;  ///< where the newest timestamps go; null: nowhere
  media::intake_options intake;
  std::chrono::milliseconds grace{10'000}; ///< how long a log waits for its publisher to return
  second_publisher policy = second_publisher::refuse;
  std::size_t max_connections = 1'000;              ///< RTMP connections a worker
  std::size_t max_publishers = 5'000;               ///< of the node, RTMP and POST together
  std::chrono::milliseconds before_publish{10'000}; ///< for handshake, connect and publish together
  std::chrono::milliseconds between_bytes{15'000};  ///< a publisher silent for longer is gone
  /// Asks the key's relays what they hold of it, and whether somebody publishes that (`at_once`: without
  /// waiting to see); replies once, on `home`. Null: there are no relays.
  std::function<void(const stream_key&, worker& home, bool at_once,
                     std::function<void(cluster::claim_verdict)>)>
      ask_relays;
  /// Called on the home worker when a log began (it is current) and when it ended.
  std::function<void(hosted_stream&)> began;
  std::function<void(const stream_key&, epoch)> ended;
};

class publication;

/// What a publisher's connection holds while it publishes. Destroying it means the publisher is gone, perhaps
/// to return. Home worker only.
class publisher_slot {
public:
  /// Told why, once: `conflict` (somebody else publishes the key now), `unavailable` (the node stops). The
  /// slot is dead then.
  using evicted = std::function<void(const error&)>;

  publisher_slot(publication& owner, evicted told);
  ~publisher_slot();
  publisher_slot(const publisher_slot&) = delete;
  publisher_slot& operator=(const publisher_slot&) = delete;

  /// As `media::intake::push`; an error drops only this packet.
  result<void> push(media::tag_type type, std::uint32_t timestamp, byte_view data);
  /// Moves what was pushed into the log; once per read is enough.
  void flush();
  /// The publisher says the stream is over.
  void end();

private:
  friend class publication;
  publication* owner_;
  evicted evicted_;
};

class publication final : public feeder {
public:
  /// `last`: the newest epoch and timestamp known of this key anywhere.
  publication(hosted_stream& stream, worker& home, const ingest_services& services, plane::stream_memory last,
              logger log);
  ~publication() override;

  [[nodiscard]] std::string_view kind() const noexcept override { return "publisher"; }
  [[nodiscard]] node_id upstream() const override { return {}; }
  [[nodiscard]] bool on_demand() const noexcept override { return over_; }

  [[nodiscard]] bool has_publisher() const noexcept { return publisher_ != nullptr; }
  /// The log is over; the next publisher starts another publication.
  [[nodiscard]] bool over() const noexcept { return over_; }
  /// The epoch of its log; zero before it has one.
  [[nodiscard]] epoch log_epoch() const noexcept;
  /// Another origin has the stream: this one lets go of it and tells the publisher so. Nobody downstream is
  /// told that the stream has ended.
  void yield();

private:
  friend class publisher_slot;
  void attach(publisher_slot& newcomer);
  void left(publisher_slot& gone);
  result<void> push(media::tag_type type, std::uint32_t timestamp, byte_view data);
  void flush();
  void end(stream::end_reason reason);
  void evict(const error& why);

  void act_on(media::intake_verdict verdict);
  void begin_log();
  void finish_log(stream::end_reason reason);
  void announce();
  void make_beat();
  void every_beat();
  void arm_decision();
  void start_grace();

  hosted_stream& stream_;
  worker& home_;
  const ingest_services& services_;
  logger log_;
  media::intake intake_;
  epoch last_epoch_;
  publisher_slot* publisher_ = nullptr;
  bool over_ = false;
  std::uint64_t beats_ = 0;
  stream::time_pair newest_;
  timer beat_timer_, decision_timer_, grace_timer_;
};

} // namespace sluice::net
