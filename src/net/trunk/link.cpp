#include "net/trunk/link.hpp"

#include "base/host_port.hpp"
#include "net/core/frame_head.hpp"
#include "net/core/gated_socket.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <deque>

namespace sluice::net::trunk {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using error_code = boost::system::error_code;

namespace {

constexpr auto close_limit = 1s;
constexpr std::size_t read_size = 64 * 1024;

error describe(const error_code& failed) {
  bool rules = failed.category() == make_error_code(websocket::error::closed).category() &&
               failed != websocket::error::closed && failed != websocket::error::upgrade_declined;
  if (rules) return {errc::malformed, failed.message()};
  bool over = failed == websocket::error::closed || failed == asio::error::eof ||
              failed == asio::error::connection_reset;
  return {over ? errc::closed : errc::io, failed.message()};
}

class websocket_link final : public link {
public:
  websocket_link(worker& at, socket s, link_user& user, std::size_t most)
      : most_(most), ws_(gated_socket(std::move(s))), closing_(at.io()), resolver_(at.io()), user_(&user),
        peer_(peer_address(lowest())) {}

  void connect(std::string address, std::string target) {
    peer_ = std::move(address);
    target_ = std::move(target);
    auto where = host_port::parse(peer_);
    if (!where) return fail_later(where.error());
    error_code not_literal;
    auto literal = asio::ip::make_address(where->host, not_literal);
    if (!not_literal) return connect_to(tcp::endpoint(literal, where->port));
    resolver_.async_resolve(where->host, std::to_string(where->port),
                            [self = self()](error_code failed, const tcp::resolver::results_type& found) {
                              if (failed) return self->fail(failed);
                              self->connect_to(found.begin()->endpoint());
                            });
  }

  void upgrade(upgrade_request asked) {
    ws_.read_message_max(most_);
    ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::sec_websocket_protocol, subprotocol);
      response.set(beast::http::field::server, "sluice");
    }));
    auto held = std::make_shared<upgrade_request>(std::move(asked));
    ws_.async_accept(*held, [self = self(), held](error_code failed) { self->upgraded(failed); });
  }

  void send(const message& m) override {
    send_with_next(m);
    write();
  }

  void send_with_next(const message& m) override {
    if (over()) return;
    auto text = encode(m);
    if (!text || ++texts_ > max_waiting_texts)
      return fail_later(text ? error{errc::closed, "the peer takes nothing"} : text.error());
    std::array payload{as_bytes(*text)};
    add_frame(frame_head::opcode::text, payload, false);
  }

  bool send(const stream::log_bytes& bytes, const stream::log_view& view) override {
    if (over()) return false;
    add_frame(frame_head::opcode::binary, bytes.parts, true);
    bool all = write();
    if (!all && !is_client()) waiting_.back().pins = view.pins(bytes);
    return all;
  }

  void acknowledge_reads() override {
    if (!dead_) net::acknowledge_reads(lowest());
  }

  void close() override {
    if (std::exchange(finishing_, true) || dead_) return;
    closing_.expires_after(close_limit);
    closing_.async_wait([self = self()](error_code cancelled) {
      if (!cancelled) self->abort();
    });
    write();
  }

  void abort() override {
    error_code ignored;
    lowest().close(ignored);
    resolver_.cancel();
    closing_.cancel();
    dead_ = true;
  }

  void detach() override { user_ = nullptr; }

  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> writing_since() const override {
    return writing_ ? std::optional(write_started_) : std::nullopt;
  }
  [[nodiscard]] const std::string& peer() const override { return peer_; }

private:
  /// Whole frames that go out together, of the last one the payload apart.
  struct outgoing {
    std::string frames;
    std::array<byte_view, 2> payload{};
    bool piece = false; ///< the last frame has log bytes
    stream::segment_pins pins{};
  };

  std::shared_ptr<websocket_link> self() {
    return std::static_pointer_cast<websocket_link>(shared_from_this());
  }
  socket& lowest() { return ws_.next_layer().next_layer(); }
  [[nodiscard]] bool over() const { return dead_ || finishing_; }
  [[nodiscard]] bool is_client() const { return !target_.empty(); }

  void connect_to(const tcp::endpoint& where) {
    if (dead_) return;
    lowest().async_connect(where, [self = self()](error_code failed) {
      if (failed) return self->fail(failed);
      self->handshake();
    });
  }

  void handshake() {
    if (dead_) return;
    tune(lowest());
    ws_.read_message_max(most_);
    ws_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, subprotocol);
      request.set(beast::http::field::user_agent, "sluice");
    }));
    ws_.async_handshake(peer_, target_, [self = self()](error_code failed) { self->upgraded(failed); });
  }

  void upgraded(error_code failed) {
    if (failed) return fail(failed);
    if (user_) user_->on_open();
    read();
  }

  void read() {
    if (dead_) return;
    if (buffer_.empty()) buffer_.resize(std::min(read_size, most_));
    ws_.async_read_some(asio::buffer(buffer_), [self = self()](error_code failed, std::size_t n) {
      if (failed) return self->fail(failed);
      self->take(byte_view(self->buffer_).first(n));
      self->read();
    });
  }

  void take(byte_view bytes) {
    if (!ws_.got_text()) {
      if (user_ && !bytes.empty()) user_->on_bytes(bytes);
      return;
    }
    text_.append(as_text(bytes));
    if (!ws_.is_message_done()) return;
    if (user_) user_->on_text(text_);
    text_.clear();
  }

  void add_frame(frame_head::opcode kind, std::span<const byte_view> payload, bool piece) {
    bool under_way = writing_ && waiting_.size() == 1;
    if (waiting_.empty() || waiting_.back().piece || under_way) waiting_.emplace_back();
    auto& out = waiting_.back();
    out.piece = piece;
    std::size_t size = 0;
    for (auto part : payload)
      size += part.size();
    if (is_client()) return add_masked(out.frames, kind, payload, size);
    frame_head head;
    append(out.frames, head.of(kind, size));
    if (piece)
      std::copy(payload.begin(), payload.end(), out.payload.begin());
    else
      out.frames.append(as_text(payload.front()));
  }

  static void add_masked(std::string& to, frame_head::opcode kind, std::span<const byte_view> payload,
                         std::size_t size) {
    auto random = random_nonce();
    auto key = frame_head::mask(random).first(4);
    frame_head head;
    append(to, head.of(kind, size, key));
    auto from = to.size();
    for (auto part : payload)
      to.append(as_text(part));
    mask_payload(std::span(to).subspan(from), key);
  }

  static void append(std::string& to, asio::const_buffer bytes) {
    to.append(static_cast<const char*>(bytes.data()), bytes.size());
  }

  /// Writes what waits. True: all of it went out, log bytes among it.
  bool write() {
    bool piece = false;
    while (!writing_ && !dead_ && !waiting_.empty() && ws_.is_open()) {
      auto& out = waiting_.front();
      std::array<asio::const_buffer, 3> rest{asio::buffer(out.frames),
                                             asio::buffer(out.payload[0].data(), out.payload[0].size()),
                                             asio::buffer(out.payload[1].data(), out.payload[1].size())};
      auto& direct = ws_.next_layer();
      error_code failed;
      auto now = direct.free() ? write_now(direct.next_layer(), rest, failed) : 0;
      if (failed) return fail_later(describe(failed)), false;
      if (now < asio::buffer_size(rest)) {
        drop_front(rest, now);
        writing_ = true;
        write_started_ = std::chrono::steady_clock::now();
        direct.finish_frame(rest, [self = self()](error_code broken, std::size_t) { self->written(broken); });
        return false;
      }
      piece = went_out();
    }
    if (finishing_ && !writing_ && !dead_ && waiting_.empty()) write_close();
    return piece && waiting_.empty();
  }

  /// Forgets the first of what waits. Whether log bytes were among it.
  bool went_out() {
    bool piece = waiting_.front().piece;
    waiting_.pop_front();
    if (waiting_.empty()) texts_ = 0;
    return piece;
  }

  void written(error_code failed) {
    writing_ = false;
    if (failed) return fail(failed);
    bool piece = went_out();
    piece = write() || piece;
    if (piece && user_) user_->on_sent();
  }

  void write_close() {
    if (!ws_.is_open()) return abort();
    writing_ = true;
    ws_.async_close(websocket::close_code::normal, [self = self()](error_code) { self->abort(); });
  }

  void fail(error_code failed) { fail(describe(failed)); }
  void fail(const error& why) {
    abort();
    if (auto* user = std::exchange(user_, nullptr)) user->on_closed(why);
  }
  void fail_later(error why) {
    abort();
    asio::post(ws_.get_executor(), [self = self(), why = std::move(why)] { self->fail(why); });
  }

  std::size_t most_;
  websocket::stream<gated_socket, false> ws_;
  asio::steady_timer closing_;
  tcp::resolver resolver_;
  link_user* user_;
  std::string peer_, target_;
  byte_buffer buffer_;
  std::string text_;
  std::deque<outgoing> waiting_; ///< the first is under way while `writing_`
  std::size_t texts_ = 0;        ///< since last nothing waited
  std::chrono::steady_clock::time_point write_started_;
  bool writing_ = false, finishing_ = false, dead_ = false;
};

} // namespace

link_ptr dial(worker& at, std::string address, std::string target, link_user& user) {
  auto made = std::make_shared<websocket_link>(at, socket(at.io()), user, max_control_message);
  made->connect(std::move(address), std::move(target));
  return made;
}

link_ptr accept(worker& at, socket s, upgrade_request asked, link_user& user, std::size_t most) {
  auto made = std::make_shared<websocket_link>(at, std::move(s), user, most);
  made->upgrade(std::move(asked));
  return made;
}

} // namespace sluice::net::trunk
