#include "net/viewer/transports.hpp"

#include <boost/asio/write.hpp>

namespace sluice::net {

namespace {

class http_viewer final : public viewer {
public:
  http_viewer(socket s, std::shared_ptr<audience> log, stream::cursor_options options,
              std::shared_ptr<viewer_roster> roster)
      : viewer(std::move(log), options, std::move(roster)), socket_(std::move(s)) {}

  void respond() {
    auto head = std::make_shared<std::string>(fmt::format("HTTP/1.1 200 OK\r\n"
                                                          "Server: sluice\r\n"
                                                          "Content-Type: video/x-flv\r\n"
                                                          "Cache-Control: no-store\r\n"
                                                          "Access-Control-Allow-Origin: *\r\n"
                                                          "Access-Control-Expose-Headers: Sluice-Log\r\n"
                                                          "Sluice-Log: {}\r\n"
                                                          "Connection: close\r\n\r\n",
                                                          log_header()));
    asio::async_write(socket_, asio::buffer(*head),
                      [self = self(), head](boost::system::error_code failed, std::size_t) {
                        if (failed) return self->broken(failed);
                        self->read();
                        self->start();
                      });
  }

private:
  std::shared_ptr<http_viewer> self() { return std::static_pointer_cast<http_viewer>(shared_from_this()); }

  // A viewer has nothing more to say; reading only notices that it left.
  void read() {
    static thread_local std::array<char, 512> thrown_away;
    socket_.async_read_some(asio::buffer(thrown_away),
                            [self = self()](boost::system::error_code failed, std::size_t) {
                              if (failed) return self->broken(failed);
                              self->read();
                            });
  }

  bool write(const write_buffers& bytes) override {
    boost::system::error_code failed;
    auto size = asio::buffer_size(bytes), now = write_now(socket_, bytes, failed);
    if (failed) return broken(failed), false;
    if (now == size) return true;
    auto rest = bytes;
    drop_front(rest, now);
    asio::async_write(socket_, rest, [self = self(), size](boost::system::error_code broke, std::size_t) {
      self->written(broke, size);
    });
    return false;
  }

  void close(close_word) override {
    // The end of the connection is the end of the body; what was written is delivered first.
    boost::system::error_code ignored;
    socket_.shutdown(socket::shutdown_send, ignored);
    dead();
  }

  void abort() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  socket socket_;
};

} // namespace

void serve_http_flv(socket s, std::shared_ptr<audience> log, stream::cursor_options options,
                    std::shared_ptr<viewer_roster> roster) {
  tune(s);
  std::make_shared<http_viewer>(std::move(s), std::move(log), options, std::move(roster))->respond();
}

} // namespace sluice::net
