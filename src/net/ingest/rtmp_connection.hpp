// One RTMP publisher: carries bytes between its socket and the sans-IO session, and its packets to the
// publication. First on the worker that accepted it, from its publish on on the stream's home worker.
#pragma once

#include "media/rtmp/session.hpp"
#include "net/ingest/ingest.hpp"
#include "net/ingest/watchdog.hpp"

#include <boost/asio/awaitable.hpp>

namespace sluice::net {

class rtmp_connection : public media::rtmp::session_handler,
                        public std::enable_shared_from_this<rtmp_connection> {
public:
  rtmp_connection(worker& at, socket s, std::shared_ptr<ingest> publishers, logger log);

  /// Serves until the connection ends; `ended` is called on the worker that accepted it.
  void start(std::function<void()> ended);
  /// Closes the connection. From the worker that accepted it.
  void stop();

private:
  struct early_tag {
    media::tag_type type;
    std::uint32_t timestamp;
    byte_buffer data;
  };

  void on_publish(const stream_address& address) override;
  void on_media(media::tag_type type, std::uint32_t timestamp, byte_view data) override;
  void on_unpublish() override;

  asio::awaitable<void> until_publish();
  asio::awaitable<void> publish_at_home();
  asio::awaitable<bool> decide();
  asio::awaitable<bool> refuse(const error& why);
  asio::awaitable<bool> read_some();
  asio::awaitable<void> write_answers();
  void guard(worker& at);
  void close();
  void evict(const error& why);
  void report(std::exception_ptr failed);
  void go_home();
  void leave();
  void ended();

  worker* at_; // where it is now
  worker& accepted_at_;
  socket socket_;
  std::shared_ptr<ingest> publishers_;
  logger log_;
  std::string peer_;
  media::rtmp::server_session session_;
  std::optional<watchdog> watchdog_;
  std::vector<std::uint8_t> buffer_;
  std::optional<stream_address> asked_;
  std::vector<early_tag> early_; // sent with the publish command, before its answer
  publisher_seat seat_;
  std::unique_ptr<publisher_slot> slot_;
  std::uint64_t reported_drops_ = 0;
  bool open_ = true;
  bool evicted_ = false;
  bool deaf_ = false; // the peer takes no answers any more
  std::function<void()> on_ended_;
};

} // namespace sluice::net
