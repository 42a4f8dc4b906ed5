#include "net/core/frame_head.hpp"
#include "net/core/gated_socket.hpp"
#include "net/core/prefetch.hpp"
#include "net/viewer/transports.hpp"

#include <boost/beast/websocket.hpp>

namespace sluice::net {

namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr auto binary = frame_head::opcode::binary;
constexpr std::size_t most_from_viewer = 4096; // bytes of a message a viewer may send; all are ignored

class websocket_viewer final : public viewer {
public:
  websocket_viewer(socket s, std::shared_ptr<audience> log, stream::cursor_options options,
                   std::shared_ptr<viewer_roster> roster)
      : viewer(std::move(log), options, std::move(roster)), ws_(gated_socket(std::move(s))) {}

  void accept(http_request request) {
    ws_.set_option(
        websocket::stream_base::decorator([header = log_header()](websocket::response_type& response) {
          response.set(beast::http::field::server, "sluice");
          response.set("Sluice-Log", header);
        }));
    ws_.auto_fragment(false);
    ws_.binary(true);
    ws_.read_message_max(most_from_viewer);
    auto held = std::make_shared<http_request>(std::move(request));
    ws_.async_accept(*held, [self = self(), held](beast::error_code failed) {
      if (failed) return self->broken(failed);
      self->ws_.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
      self->read();
      self->start();
    });
  }

private:
  // Beast's stream has memory of its own.
  void prefetch() const noexcept override { prefetch_lines<1>(&ws_.next_layer()); }

  std::shared_ptr<websocket_viewer> self() {
    return std::static_pointer_cast<websocket_viewer>(shared_from_this());
  }

  // Reading answers pings and notices the peer's close; what a viewer says is thrown away, so all viewers of
  // a thread read into the same bytes.
  void read() {
    static thread_local std::array<char, 512> thrown_away;
    ws_.async_read_some(asio::buffer(thrown_away), [self = self()](beast::error_code failed, std::size_t) {
      if (failed) return self->broken(failed);
      self->read();
    });
  }

  auto when_written(std::size_t size) {
    return [self = self(), size](beast::error_code failed, std::size_t) { self->written(failed, size); };
  }

  bool write(const write_buffers& bytes) override {
    auto size = asio::buffer_size(bytes);
    auto& direct = ws_.next_layer();
    if (!direct.free()) {
      ws_.async_write(bytes, when_written(size));
      return false;
    }
    frame_head head;
    std::array<asio::const_buffer, 4> frame{head.of(binary, size), bytes[0], bytes[1], bytes[2]};
    beast::error_code failed;
    auto now = write_now(direct.next_layer(), frame, failed);
    if (failed) return broken(failed), false;
    if (now == frame[0].size() + size) return true;
    frame[0] = head_.of(binary, size);
    drop_front(frame, now);
    direct.finish_frame(frame, when_written(size));
    return false;
  }

  void close(close_word why) override {
    websocket::close_reason reason(static_cast<websocket::close_code>(why.code), why.reason);
    ws_.async_close(reason, [self = self()](beast::error_code) { self->dead(); });
  }

  void abort() override {
    beast::error_code ignored;
    ws_.next_layer().next_layer().close(ignored);
  }

  void ping() override {
    // The peer said goodbye and then did not end the connection, for which the stream waits without limit.
    if (!ws_.is_open()) return dead();
    if (pinging_) return;
    pinging_ = true;
    ws_.async_ping({}, [self = self()](beast::error_code) { self->pinging_ = false; });
  }

  websocket::stream<gated_socket, false> ws_;
  frame_head head_; ///< of a frame whose rest is on its way
  bool pinging_ = false;
};

} // namespace

void serve_websocket(socket s, http_request request, std::shared_ptr<audience> log,
                     stream::cursor_options options, std::shared_ptr<viewer_roster> roster) {
  tune(s);
  std::make_shared<websocket_viewer>(std::move(s), std::move(log), options, std::move(roster))
      ->accept(std::move(request));
}

} // namespace sluice::net
