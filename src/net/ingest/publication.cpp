#include "net/ingest/publication.hpp"

#include "base/unix_time.hpp"

#include <random>

namespace sluice::net {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr auto beat_interval = 200ms;

std::uint16_t random_bits() {
  return static_cast<std::uint16_t>(std::random_device{}());
}

// A log goes on in time where the key's previous one stopped, so a viewer that changes over sees no jump
// back.
std::uint32_t first_timestamp(const plane::stream_memory& last) {
  return last.last ? last.last_timestamp + 1 : 0;
}

} // namespace

publisher_slot::publisher_slot(publication& owner, evicted told) : owner_(&owner), evicted_(std::move(told)) {
  owner.attach(*this);
}

publisher_slot::~publisher_slot() {
  if (owner_) owner_->left(*this);
}

result<void> publisher_slot::push(media::tag_type type, std::uint32_t timestamp, byte_view data) {
  if (!owner_) return error{errc::closed, "the stream was taken over"};
  return owner_->push(type, timestamp, data);
}

void publisher_slot::flush() {
  if (owner_) owner_->flush();
}

void publisher_slot::end() {
  if (owner_) owner_->end(stream::end_reason::ended);
}

publication::publication(hosted_stream& stream, worker& home, const ingest_services& services,
                         plane::stream_memory last, logger log)
    : stream_(stream), home_(home), services_(services), log_(std::move(log)),
      intake_(services.intake, first_timestamp(last)), last_epoch_(last.last), beat_timer_(home.io()),
      decision_timer_(home.io()), grace_timer_(home.io()) {}

publication::~publication() {
  if (!over_) end(stream::end_reason::stopped);
}

void publication::attach(publisher_slot& newcomer) {
  if (publisher_) {
    intake_.publisher_left();
    log_.warn("publisher replaced", "stream", stream_.log.key().str());
    evict({errc::conflict, fmt::format("another publisher took {} over", stream_.log.key().str())});
  }
  publisher_ = &newcomer;
  grace_timer_.cancel();
  if (!stream_.log.current()) return;
  log_.info("publisher returned", "stream", stream_.log.key().str());
  make_beat();
  announce();
}

void publication::left(publisher_slot& gone) {
  if (publisher_ != &gone) return;
  publisher_ = nullptr;
  intake_.publisher_left();
  start_grace();
}

void publication::start_grace() {
  if (!stream_.log.current()) return end(stream::end_reason::ended);
  log_.info("publisher away", "stream", stream_.log.key().str(), "grace_ms", services_.grace.count());
  make_beat();
  announce();
  grace_timer_.after(services_.grace, [this] { end(stream::end_reason::ended); });
}

result<void> publication::push(media::tag_type type, std::uint32_t timestamp, byte_view data) {
  auto verdict = intake_.push(type, timestamp, data, steady_clock::now());
  if (!verdict) return verdict.error();
  act_on(*verdict);
  return {};
}

void publication::act_on(media::intake_verdict verdict) {
  for (; verdict != media::intake_verdict::ok; verdict = intake_.tick(steady_clock::now())) {
    flush();
    bool rollover = verdict == media::intake_verdict::rollover;
    auto start = rollover ? 0 : intake_.newest_timestamp() + 1;
    finish_log(rollover ? stream::end_reason::rollover : stream::end_reason::changed);
    auto next = intake_.successor(start);
    intake_ = std::move(next);
  }
  arm_decision();
}

// The decision about a lone track falls due without any packet, too.
void publication::arm_decision() {
  auto due = intake_.deadline();
  if (!due || (decision_timer_.armed() && *due == decision_timer_.due())) return;
  decision_timer_.at(*due, [this] {
    act_on(intake_.tick(steady_clock::now()));
    flush();
  });
}

void publication::flush() {
  if (intake_.output().empty()) return;
  if (!stream_.log.current()) begin_log();
  newest_ = {intake_.newest_timestamp(), unix_ms_now()};
  if (auto appended = stream_.log.append(intake_.output()); !appended) {
    log_.error("log refused its own intake's tags", "stream", stream_.log.key().str(), "why",
               appended.error().message);
    return end(stream::end_reason::ended);
  }
  intake_.clear_output();
}

void publication::begin_log() {
  auto newest = std::max(last_epoch_, stream_.log.last_epoch());
  auto mine = epoch::next(unix_ms_now(), newest, random_bits());
  stream::tracks present{intake_.has_audio(), intake_.has_video()};
  // The new epoch is higher than any known here, so the log cannot be refused.
  stream_.log.begin({stream_.log.key(), mine, present}).value();
  last_epoch_ = mine;
  stream_.log.current()->set_path({services_.node});
  auto told = intake_.summary();
  stream_.video = told.video_codec;
  stream_.audio = told.audio_codec;
  stream_.width = told.picture.width;
  stream_.height = told.picture.height;
  stream_hub::log_began(stream_);
  newest_ = {intake_.newest_timestamp(), unix_ms_now()};
  beats_ = 0;
  log_.info("stream live", "stream", stream_.log.key().str(), "epoch", mine.value, "video", stream_.video,
            "audio", stream_.audio, "width", stream_.width, "height", stream_.height);
  if (services_.began) services_.began(stream_);
  announce();
  every_beat();
}

void publication::announce() {
  const auto* current = stream_.log.current();
  if (!services_.control || !current) return;
  cluster::stream_announcement told;
  told.key = stream_.log.key().str();
  told.log_epoch = current->identity().log_epoch;
  told.origin = services_.node;
  told.state = publisher_ ? cluster::publisher_state::live : cluster::publisher_state::grace;
  told.last_timestamp = current->newest_timestamp();
  told.since_unix_ms = told.log_epoch.unix_ms();
  told.video = stream_.video;
  told.audio = stream_.audio;
  told.width = stream_.width;
  told.height = stream_.height;
  services_.control->announce(std::move(told));
}

void publication::make_beat() {
  auto* current = stream_.log.current();
  if (!current) return;
  if (services_.times) services_.times->set(stream_.log.key(), newest_.timestamp);
  current->set_beat({++beats_, services_.node, publisher_ != nullptr, newest_, unix_ms_now()});
}

void publication::every_beat() {
  make_beat();
  beat_timer_.after(beat_interval, [this] {
    if (stream_.log.current()) every_beat();
  });
}

void publication::finish_log(stream::end_reason reason) {
  const auto* current = stream_.log.current();
  if (!current) return stream_.log.finish(reason);
  auto ended = current->identity().log_epoch;
  log_.info("stream ended", "stream", stream_.log.key().str(), "epoch", ended.value, "reason",
            stream::name(reason), "bytes", current->head());
  stream_.log.finish(reason);
  stream_.audiences.clear();
  if (services_.control) services_.control->withdraw(stream_.log.key(), ended);
  if (services_.times) services_.times->remove(stream_.log.key());
  if (services_.ended) services_.ended(stream_.log.key(), ended);
}

void publication::end(stream::end_reason reason) {
  over_ = true;
  beat_timer_.cancel();
  decision_timer_.cancel();
  grace_timer_.cancel();
  if (reason == stream::end_reason::stopped) evict({errc::unavailable, "this origin is going away"});
  if (publisher_) std::exchange(publisher_, nullptr)->owner_ = nullptr;
  finish_log(reason);
}

void publication::evict(const error& why) {
  auto* loser = std::exchange(publisher_, nullptr);
  if (!loser) return;
  loser->owner_ = nullptr;
  loser->evicted_(why);
}

epoch publication::log_epoch() const noexcept {
  const auto* current = stream_.log.current();
  return current ? current->identity().log_epoch : epoch{};
}

void publication::yield() {
  evict({errc::conflict, fmt::format("{} is published at another origin now", stream_.log.key().str())});
  end(stream::end_reason::stopped);
}

} // namespace sluice::net
