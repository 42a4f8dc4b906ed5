#include "base/base64.hpp"
#include "net/trunk/messages.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace sluice::net::trunk {

namespace json = boost::json;

namespace {

constexpr std::size_t max_depth = 4; // a hello's headers are at depth 2
constexpr std::size_t max_word = 64; // codec names, error codes, types

/// Reads the fields of a message and keeps the first problem.
class fields {
public:
  fields(const json::object& from, std::string_view of) : from_(from), of_(of) {}

  [[nodiscard]] bool has(std::string_view field) const { return from_.contains(field); }
  [[nodiscard]] const std::optional<error>& problem() const noexcept { return problem_; }

  std::uint64_t number(std::string_view field,
                       std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    const auto* value = need(field);
    if (!value) return 0;
    std::optional<std::uint64_t> found;
    if (const auto* plain = value->if_uint64()) found = *plain;
    if (const auto* plain = value->if_int64(); plain && *plain >= 0)
      found = static_cast<std::uint64_t>(*plain);
    if (!found || *found > most) wrong(field, fmt::format("not a whole number up to {}", most));
    return found.value_or(0);
  }
  std::uint32_t small(std::string_view field) {
    return static_cast<std::uint32_t>(number(field, std::numeric_limits<std::uint32_t>::max()));
  }
  bool flag(std::string_view field) {
    const auto* value = need(field);
    if (value && !value->is_bool()) wrong(field, "neither true nor false");
    return value && value->is_bool() && value->get_bool();
  }
  std::string text(std::string_view field, std::size_t most = max_word) {
    const auto* value = need(field);
    const auto* found = value ? value->if_string() : nullptr;
    if (value && (!found || found->size() > most)) wrong(field, fmt::format("not a text of up to {}", most));
    return found && found->size() <= most ? std::string(found->data(), found->size()) : std::string{};
  }
  std::string id(std::string_view field) {
    auto found = text(field);
    if (!valid_node_id(found)) wrong(field, "not a name of [A-Za-z0-9._-]{1,64}");
    return found;
  }
  std::vector<node_id> path() {
    std::vector<node_id> out;
    const auto* value = need("path");
    const auto* found = value ? value->if_array() : nullptr;
    if (!found || found->empty() || found->size() > max_path_names) {
      wrong("path", fmt::format("not a list of 1 to {} names", max_path_names));
      return out;
    }
    for (const auto& one : *found) {
      const auto* id = one.if_string();
      if (!id || !valid_node_id({id->data(), id->size()})) wrong("path", "not a list of names");
      if (id) out.emplace_back(id->data(), id->size());
    }
    return out;
  }
  template <std::size_t Size>
  std::array<std::uint8_t, Size> bytes(std::string_view field) {
    std::array<std::uint8_t, Size> out{};
    auto found = from_base64(text(field, (Size + 2) / 3 * 4));
    if (!found || found->size() != Size)
      wrong(field, fmt::format("not {} bytes in base64", Size));
    else
      std::copy(found->begin(), found->end(), out.begin());
    return out;
  }
  stream::headers headers() {
    stream::headers out;
    const auto* value = need("headers");
    const auto* found = value ? value->if_object() : nullptr;
    if (!found) {
      wrong("headers", "not an object");
      return out;
    }
    fields inside(*found, "headers");
    out.metadata = inside.header_tag("metadata", media::payload_kind::metadata);
    out.video = inside.header_tag("video", media::payload_kind::video_header);
    out.audio = inside.header_tag("audio", media::payload_kind::audio_header);
    out.since = inside.number("since");
    if (inside.problem_) wrong("headers", inside.problem_->message);
    return out;
  }

private:
  const json::value* need(std::string_view field) {
    const auto* found = from_.if_contains(field);
    if (!found) wrong(field, "missing");
    return found;
  }
  void wrong(std::string_view field, std::string_view how) {
    if (!problem_)
      problem_ = error{errc::malformed, fmt::format("trunk message {}: '{}' is {}", of_, field, how)};
  }
  /// A complete FLV tag of that kind, or nothing: it is handed to viewers as it is.
  byte_buffer header_tag(std::string_view field, media::payload_kind kind) {
    auto found = from_base64(text(field, max_control_message));
    if (!found || found->empty()) {
      if (!found) wrong(field, "not base64");
      return {};
    }
    bool good = found->size() >= media::tag_overhead;
    if (good) {
      auto header = media::parse_tag_header(std::span(*found).first<media::tag_header_size>(), found->size());
      auto data = byte_view(*found).subspan(media::tag_header_size);
      good = header && header->total_size() == found->size() &&
             media::classify(header->type, data.first(header->data_size)).kind == kind;
    }
    if (!good) wrong(field, "not a header tag of its kind");
    return good ? std::move(*found) : byte_buffer{};
  }

  const json::object& from_;
  std::string_view of_;
  std::optional<error> problem_;
};

introduction read_introduction(fields& in) {
  introduction out;
  out.version = in.small("version");
  out.cluster = in.id("cluster");
  out.node = in.id("node");
  out.nonce = in.bytes<sizeof(nonce)>("nonce");
  out.proof = in.bytes<sizeof(mac)>("proof");
  return out;
}

log_state read_log(fields& in) {
  log_state out;
  out.log_epoch.value = in.number("epoch");
  out.first = in.number("first");
  out.head = in.number("head");
  if (in.has("join")) out.join = in.number("join");
  out.newest_timestamp = in.small("timestamp");
  out.beat = in.number("beat");
  out.orphaned_since = in.number("orphaned_since");
  out.path = in.path();
  out.headers = in.headers();
  out.present.audio = in.flag("has_audio");
  out.present.video = in.flag("has_video");
  out.video = in.text("video");
  out.audio = in.text("audio");
  out.width = in.small("width");
  out.height = in.small("height");
  return out;
}

hello read_hello(fields& in) {
  hello out;
  if (in.has("proof")) out.who = read_introduction(in);
  if (in.has("epoch")) out.log = read_log(in);
  if (in.has("from")) out.from = in.number("from");
  return out;
}

stream::beat read_beat(fields& in) {
  stream::beat out;
  out.number = in.number("n");
  out.origin = in.id("origin");
  out.publisher_live = in.text("publisher") != "grace";
  out.newest.timestamp = in.small("timestamp");
  out.newest.unix_ms = in.number("unix_ms");
  if (in.has("made_ms")) out.made_ms = in.number("made_ms");
  return out;
}

message read(std::string_view type, fields& in) {
  if (type == "tick") return tick{in.number("head")};
  if (type == "beat") return read_beat(in);
  if (type == "hello") return read_hello(in);
  if (type == "challenge") return challenge{in.small("version"), in.bytes<sizeof(nonce)>("nonce")};
  if (type == "path") return path_change{in.path()};
  if (type == "gap") return gap{in.number("from"), in.number("to"), in.headers()};
  if (type == "end") return end{stream::parse_end_reason(in.text("reason"))};
  if (type == "not_here") return not_here{};
  if (type == "searching") return searching{};
  if (type == "release") return release{};
  if (type == "stale") return stale{epoch{in.number("epoch")}};
  if (type == "error") return failure{in.text("code"), in.text("message", max_explanation)};
  return unknown{std::string(type)};
}

} // namespace

result<message> parse(std::string_view text) {
  if (text.size() > max_control_message)
    return error{errc::too_large,
                 fmt::format("a trunk message of {} bytes; at most {}", text.size(), max_control_message)};
  json::parse_options options;
  options.max_depth = max_depth;
  boost::system::error_code failed;
  auto value = json::parse(text, failed, {}, options);
  if (failed) return error{errc::malformed, "a trunk message is not JSON: " + failed.message()};
  const auto* object = value.if_object();
  const auto* type = object ? object->if_contains("type") : nullptr;
  if (!type || !type->is_string() || type->get_string().size() > max_word)
    return error{errc::malformed, "a trunk message has no 'type'"};
  std::string_view named(type->get_string().data(), type->get_string().size());
  fields in(*object, named);
  auto out = read(named, in);
  if (in.problem()) return *in.problem();
  return out;
}

} // namespace sluice::net::trunk
