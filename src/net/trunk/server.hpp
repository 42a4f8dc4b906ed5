// A relay's trunk listener: nodes pull logs from it (`/trunk/play/`), origins push theirs to it
// (`/trunk/publish/`). A pull is served on the worker that accepted it, a push is moved to its stream's home.
#pragma once

#include "net/core/acceptor.hpp"
#include "net/core/stream_hub.hpp"
#include "net/trunk/identity.hpp"

namespace sluice::net::trunk {

class site;
class pull_counts;

struct server_options {
  std::chrono::milliseconds handshake_limit{2'000};  ///< from the accept to the proof
  std::chrono::milliseconds search_notice{100};      ///< an answer that takes longer is announced
  std::chrono::milliseconds write_limit{10'000};     ///< a write that makes no progress for so long ends it
  std::chrono::milliseconds push_silence_limit{600}; ///< an origin that says nothing for so long is gone
  std::chrono::milliseconds grace{10'000};           ///< a pushed log ends without any beat for so long
  std::chrono::milliseconds catch_up_limit{150};     ///< viewers wait no longer for a fresh log's newest part
  std::size_t max_connections = 20'000;              ///< per worker; more are closed at once
};

class server {
public:
  /// `hub` outlives this.
  server(stream_hub& hub, identity self, server_options options, logger log);
  ~server();

  /// Opens the port on every worker; before they start or while they run. Returns the port in use. Errors as
  /// `open_listener`.
  result<std::uint16_t> listen(const host_port& address);

  /// Closes the listener and all connections; nobody is told `end`, so downstream goes elsewhere. Posted to
  /// the workers. Idempotent.
  void stop();

  /// How many nodes pull each stream from here, for heartbeats; a key without any is left out. Any thread.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> pulls() const;

private:
  std::shared_ptr<pull_counts> counts_;
  std::shared_ptr<std::vector<std::shared_ptr<site>>> sites_;
  acceptor_group acceptors_;
};

} // namespace sluice::net::trunk
