// One server session with a client beside it and a record of all it told its handler. For tests.
#pragma once

#include "media/rtmp/rtmp_client.hpp"
#include "media/rtmp/session.hpp"

namespace sluice::test {

struct received_tag {
  tag_type type{};
  std::uint32_t timestamp = 0;
  byte_buffer data;
  bool operator==(const received_tag&) const = default;
};

enum class decision { accept, reject, later };

class publishing : public session_handler {
public:
  explicit publishing(decision answer = decision::accept, const session_limits& limits = {})
      : session(*this, 1, limits), answer_(answer) {}

  void on_publish(const stream_address& address) override {
    events.push_back("publish " + address.key.str() + " ?" + address.params);
    if (answer_ == decision::accept) session.accept_publish();
    if (answer_ == decision::reject) session.reject_publish("NetStream.Publish.Denied", "wrong token");
  }
  void on_media(tag_type type, std::uint32_t timestamp, byte_view data) override {
    tags.push_back({type, timestamp, {data.begin(), data.end()}});
  }
  void on_unpublish() override { events.push_back("unpublish"); }

  /// Feeds what the client gathered and collects the answers.
  result<void> flush() { return feed(client.take()); }
  result<void> feed(byte_view bytes) {
    auto fed = session.feed(bytes);
    collect();
    return fed;
  }
  void collect() {
    for (auto& m : reader_.read(session.take_output()))
      answers.push_back(std::move(m));
  }

  [[nodiscard]] const server_message* answer(std::string_view name, std::string_view code = {}) const {
    return find_command(answers, name, code);
  }
  [[nodiscard]] std::size_t count(message_type type) const {
    std::size_t n = 0;
    for (auto& m : answers)
      n += m.type == type;
    return n;
  }

  server_session session;
  rtmp_client client;
  std::vector<server_message> answers;
  std::vector<std::string> events;
  std::vector<received_tag> tags;

private:
  decision answer_;
  server_reader reader_;
};

} // namespace sluice::test
