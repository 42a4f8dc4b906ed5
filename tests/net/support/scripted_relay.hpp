// A relay that misbehaves on purpose, and a client that says what it likes: for tests of what the trunk does
// about its peers.
#pragma once

#include "cluster/model.hpp"
#include "net/trunk/identity.hpp"
#include "net/trunk/link.hpp"

#include <functional>

namespace sluice::test {

/// Accepts trunk connections and speaks as the test wants. Threads of its own.
class scripted_relay {
public:
  /// `answer` is called with each client's first hello, on the relay's thread; it may send on the link.
  using answer = std::function<void(net::trunk::link&, const net::trunk::introduction& own)>;

  explicit scripted_relay(node_id id, std::string secret = "secret");
  ~scripted_relay();

  /// Accepts TCP connections, and never says a word.
  cluster::ranked_relay stay_silent();
  /// Does the handshake with its clients, then calls `how`.
  cluster::ranked_relay serve(answer how);
  /// Clients whose hello came.
  [[nodiscard]] int clients() const;

private:
  struct state;
  cluster::ranked_relay listen();
  std::shared_ptr<state> state_;
};

/// A TCP connection over which a test writes trunk frames by hand.
class raw_client {
public:
  explicit raw_client(const std::string& address);
  ~raw_client();

  /// Sends an upgrade request for `target`.
  void upgrade(const std::string& target);
  void send(std::string_view bytes);
  /// Sends a masked text or binary frame.
  void send_frame(std::string_view payload, bool binary = false);
  /// Everything received so far, once it contains `needle`; empty when it did not come within 3 s.
  std::string wait_for(std::string_view needle);
  /// Whether the server closed within 3 s.
  bool closed();
  /// The nonce of the challenge received so far.
  net::nonce challenge();

private:
  bool read_some(int limit_ms);
  int fd_ = -1;
  bool over_ = false;
  std::string received_;
};

} // namespace sluice::test
