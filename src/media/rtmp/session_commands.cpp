// The commands of an RTMP connection (sections 7.2.1 and 7.2.2), and those that encoders send beyond them.
#include "media/rtmp/publish_address.hpp"
#include "media/rtmp/session.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::media::rtmp {

namespace {

/// What encoders look for before they use later commands; the numbers are those other servers give.
constexpr std::string_view server_name = "FMS/3,5,3,888";
constexpr double server_capabilities = 31;

/// Enhanced RTMP v2, "Enhancing NetConnection connect Command": what may be sent, and that it is passed on.
constexpr std::array<std::string_view, 3> video_codecs{"av01", "hvc1", "avc1"};
constexpr std::array<std::string_view, 2> audio_codecs{"Opus", "mp4a"};
constexpr double can_forward = 4;

constexpr std::size_t shown_name = 64;

amf0_value text(std::string_view of) {
  return {std::string(of)};
}

template <class Codecs>
amf0_value info_map(const Codecs& codecs) {
  amf0_object map;
  for (auto codec : codecs)
    map.properties.push_back({std::string(codec), {can_forward}});
  return {std::move(map)};
}

bool asks_for_enhanced(const amf0_value& connect) noexcept {
  return connect.find("fourCcList") || connect.find("videoFourCcInfoMap") ||
         connect.find("audioFourCcInfoMap");
}

void add_enhanced(amf0_object& information) {
  amf0_strict_array list;
  for (auto codec : video_codecs)
    list.items.push_back(text(codec));
  for (auto codec : audio_codecs)
    list.items.push_back(text(codec));
  auto& out = information.properties;
  out.push_back({"fourCcList", {std::move(list)}});
  out.push_back({"videoFourCcInfoMap", info_map(video_codecs)});
  out.push_back({"audioFourCcInfoMap", info_map(audio_codecs)});
  out.push_back({"capsEx", {0.0}});
}

const amf0_value undefined_value{};

} // namespace

const std::array<server_session::command_entry, 13> server_session::known_commands{{
    {"connect", &server_session::on_connect},
    {"createStream", &server_session::on_create_stream},
    {"releaseStream", &server_session::on_release_stream},
    {"FCPublish", &server_session::on_fc_publish},
    {"FCUnpublish", &server_session::on_fc_unpublish},
    {"deleteStream", &server_session::on_delete_stream},
    {"closeStream", &server_session::on_close_stream},
    {"publish", &server_session::on_publish},
    {"play", &server_session::on_play},
    {"play2", &server_session::on_play},
    {"getStreamLength", &server_session::on_stream_length},
    {"_checkbw", &server_session::ignore},
    {"FCSubscribe", &server_session::ignore},
}};

const amf0_value& server_session::command::argument(std::size_t n) const noexcept {
  return n + 3 < values.size() ? values[n + 3] : undefined_value;
}

result<void> server_session::on_command(const message& m, byte_view payload) {
  if (payload.size() > limits_.max_command)
    return error{errc::too_large,
                 fmt::format("rtmp: a command of {} bytes; at most {}", payload.size(), limits_.max_command)};
  auto values = decode_all_amf0(payload, limits_.amf0);
  if (!values)
    return error{values.error().code, fmt::format("rtmp command (type {}): {}", static_cast<unsigned>(m.type),
                                                  values.error().message)};
  if (values->empty() || !values->front().is_text())
    return error{errc::malformed,
                 fmt::format("rtmp command (type {}): starts with no name", static_cast<unsigned>(m.type))};
  command c{values->front().text(), values->size() > 1 ? (*values)[1].number_or(0) : 0, m.stream_id, *values};
  auto known = std::find_if(known_commands.begin(), known_commands.end(),
                            [&](const command_entry& entry) { return entry.name == c.name; });
  if (!connected_ && c.name != "connect")
    return error{errc::malformed,
                 fmt::format("rtmp: command '{}' came before connect", c.name.substr(0, shown_name))};
  if (known != known_commands.end()) return (this->*known->run)(c);
  unknown_command(c);
  return {};
}

/// `_result` and `_error` answer a call of ours, and we make none.
void server_session::unknown_command(const command& c) {
  if (c.transaction == 0 || c.name == "_result" || c.name == "_error") return;
  replies_.error_of(c.transaction, "NetConnection.Call.Failed",
                    fmt::format("command '{}' is not known here", c.name.substr(0, shown_name)));
}

result<void> server_session::on_connect(const command& c) {
  if (connected_) return error{errc::malformed, "rtmp: connect came a second time"};
  const auto& object = c.values.size() > 2 ? c.values[2] : undefined_value;
  auto* app = object.find("app");
  if (!app || !app->is_text()) {
    replies_.error_of(c.transaction, "NetConnection.Connect.Rejected", "connect names no app");
    return error{errc::malformed, "rtmp: connect names no app"};
  }
  connected_ = true;
  app_ = app->text();

  replies_.window_ack_size(limits_.window_ack_size);
  replies_.set_peer_bandwidth(limits_.window_ack_size);
  replies_.set_chunk_size(limits_.send_chunk_size);
  amf0_object properties{
      {{"fmsVer", text(server_name)}, {"capabilities", {server_capabilities}}, {"mode", {1.0}}}};
  // Encoding 0 asks a client that offered AMF3 to stay with AMF0.
  amf0_object information{{{"level", text("status")},
                           {"code", text("NetConnection.Connect.Success")},
                           {"description", text("connected")},
                           {"objectEncoding", {0.0}}}};
  if (asks_for_enhanced(object)) add_enhanced(information);
  replies_.result_of(c.transaction, {std::move(properties)}, {std::move(information)});
  return {};
}

result<void> server_session::on_create_stream(const command& c) {
  if (open_streams_.size() >= limits_.max_streams) {
    replies_.error_of(c.transaction, "NetConnection.Call.Failed",
                      fmt::format("{} message streams are open; no more are allowed", open_streams_.size()));
    return {};
  }
  open_streams_.push_back(++last_stream_);
  replies_.result_of(c.transaction, {amf0_null{}}, {static_cast<double>(last_stream_)});
  return {};
}

void server_session::answer_empty(const command& c) {
  if (c.transaction != 0) replies_.result_of(c.transaction, {amf0_null{}}, {amf0_undefined{}});
}

result<void> server_session::ignore(const command& c) {
  answer_empty(c);
  return {};
}

result<void> server_session::on_release_stream(const command& c) {
  return ignore(c);
}

result<void> server_session::on_fc_publish(const command& c) {
  answer_empty(c);
  replies_.notify("onFCPublish", "NetStream.Publish.Start", c.argument(0).text().substr(0, shown_name));
  return {};
}

result<void> server_session::on_fc_unpublish(const command& c) {
  end_publish();
  answer_empty(c);
  replies_.notify("onFCUnpublish", "NetStream.Unpublish.Success", c.argument(0).text().substr(0, shown_name));
  return {};
}

result<void> server_session::on_delete_stream(const command& c) {
  auto id = c.argument(0).number_or(0);
  std::erase_if(open_streams_, [&](std::uint32_t open) { return static_cast<double>(open) == id; });
  if (static_cast<double>(publish_stream_) == id) end_publish();
  return {};
}

result<void> server_session::on_close_stream(const command& c) {
  if (c.stream_id == publish_stream_) end_publish();
  return {};
}

void server_session::end_publish() {
  if (publish_ == publish_state::none) return;
  publish_ = publish_state::none;
  replies_.status(publish_stream_, "status", "NetStream.Unpublish.Success", "publishing ended");
  handler_.on_unpublish();
}

result<void> server_session::on_publish(const command& c) {
  if (std::find(open_streams_.begin(), open_streams_.end(), c.stream_id) == open_streams_.end())
    return error{
        errc::malformed,
        fmt::format("rtmp: publish on message stream {}, which createStream has not opened", c.stream_id)};
  auto refuse = [&](std::string_view why) -> result<void> {
    replies_.status(c.stream_id, "error", "NetStream.Publish.BadName", why);
    return {};
  };
  if (publish_ != publish_state::none) return refuse("this connection publishes already");
  if (!c.argument(0).is_text()) return refuse("publish names no stream");
  auto address = publish_address(app_, c.argument(0).text());
  if (!address) return refuse(address.error().message);
  publish_ = publish_state::asked;
  publish_stream_ = c.stream_id;
  reader_.limits(limits_.chunks);
  handler_.on_publish(*address);
  return {};
}

result<void> server_session::on_play(const command& c) {
  replies_.status(c.stream_id, "error", "NetStream.Play.Failed",
                  "RTMP is for publishing here; play the stream by ws:// or http:// with .flv at its end");
  return {};
}

result<void> server_session::on_stream_length(const command& c) {
  if (c.transaction != 0) replies_.result_of(c.transaction, {amf0_null{}}, {0.0});
  return {};
}

} // namespace sluice::media::rtmp
