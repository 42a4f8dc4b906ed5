#include "net/trunk/log_receiver.hpp"

#include <algorithm>

namespace sluice::net::trunk {

namespace {

std::string codec_of(const byte_buffer& header, const std::string& told) {
  if (header.size() <= media::tag_overhead) return told;
  auto type = static_cast<media::tag_type>(header[0]);
  auto known = media::classify(type, byte_view(header).subspan(media::tag_header_size));
  return known.codec != 0 ? media::fourcc_text(known.codec) : told;
}

bool contains(const std::vector<node_id>& path, const node_id& id) {
  return std::find(path.begin(), path.end(), id) != path.end();
}

error in_path(const node_id& self) {
  return {errc::conflict, fmt::format("{} is in the path of its own upstream", self)};
}

} // namespace

void describe_media(hosted_stream& h, const log_state& said) {
  h.video = codec_of(said.headers.video, said.video);
  h.audio = codec_of(said.headers.audio, said.audio);
  h.width = said.width;
  h.height = said.height;
}

result<void> log_receiver::begin(hosted_stream& h, const log_state& said, std::uint64_t from) {
  if (contains(said.path, self_)) return in_path(self_);
  if (said.log_epoch.unix_ms() > unix_ms_now() + static_cast<std::uint64_t>(max_epoch_ahead.count()))
    return error{errc::bad_argument, fmt::format("epoch {} of {} is more than a day ahead",
                                                 said.log_epoch.value, h.log.key().str())};
  if (from != said.first)
    return error{errc::malformed,
                 fmt::format("a log that is retained from {} cannot start at {}", said.first, from)};
  auto started = h.log.begin({h.log.key(), said.log_epoch, said.present}, from,
                             std::make_shared<const stream::headers>(said.headers), said.head);
  if (!started) return started;
  describe_media(h, said);
  epoch_ = said.log_epoch;
  at_ = from;
  path_ = said.path;
  take_over(h);
  stream_hub::log_began(h);
  return {};
}

void log_receiver::resume(const log_state& said, std::uint64_t from) {
  epoch_ = said.log_epoch;
  at_ = from;
  path_ = said.path;
}

void log_receiver::take_over(hosted_stream& h) {
  auto* log = mine(h);
  if (!log) return;
  log->discard_uncommitted();
  lead(h);
}

void log_receiver::lead(hosted_stream& h) const {
  auto* log = mine(h);
  if (!log) return;
  if (auto path = path_to_here(); *log->path() != path) log->set_path(std::move(path));
}

std::vector<node_id> log_receiver::path_to_here() const {
  auto path = path_;
  path.push_back(self_);
  return path;
}

stream::log* log_receiver::mine(const hosted_stream& h) const {
  auto* log = h.log.current();
  return log && log->identity().log_epoch == epoch_ ? log : nullptr;
}

result<void> log_receiver::bytes(hosted_stream& h, byte_view piece) {
  auto* log = mine(h);
  if (!log) return error{errc::closed, fmt::format("the log of {} is over", h.log.key().str())};
  home_.counters().trunk.received_bytes.add(piece.size());
  auto at = at_;
  at_ += piece.size();
  if (at > log->written())
    return error{errc::malformed, fmt::format("bytes of {} at {}, but the log stands at {}",
                                              h.log.key().str(), at, log->written())};
  auto known = std::min<std::uint64_t>(log->written() - at, piece.size());
  home_.counters().trunk.doubled_bytes.add(known);
  return h.log.append(piece.subspan(static_cast<std::size_t>(known)));
}

bool log_receiver::extends(const hosted_stream& h, std::size_t piece) const {
  auto* log = mine(h);
  return log && at_ <= log->head() && at_ + piece > log->head();
}

result<void> log_receiver::skip(hosted_stream& h, const gap& left_out) {
  auto* log = mine(h);
  if (!log) return error{errc::closed, fmt::format("the log of {} is over", h.log.key().str())};
  if (left_out.to < at_)
    return error{errc::malformed,
                 fmt::format("a gap of {} that ends at {}, before {}", h.log.key().str(), left_out.to, at_)};
  at_ = left_out.to;
  if (left_out.to <= log->head()) return {};
  auto& counters = home_.counters().trunk;
  counters.gaps.add();
  counters.gap_bytes.add(left_out.to - log->head());
  log->skip_to(left_out.to, std::make_shared<const stream::headers>(left_out.headers));
  return {};
}

result<void> log_receiver::set_path(hosted_stream& h, std::vector<node_id> path, bool feeds) {
  if (contains(path, self_)) return in_path(self_);
  path_ = std::move(path);
  auto* log = feeds ? mine(h) : nullptr;
  if (log) log->set_path(path_to_here());
  return {};
}

void log_receiver::set_beat(hosted_stream& h, const stream::beat& b) const {
  if (auto* log = mine(h)) log->set_beat(b);
}

} // namespace sluice::net::trunk
