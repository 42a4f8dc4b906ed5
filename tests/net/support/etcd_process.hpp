// A real etcd for one test: its own ports on loopback, its own data in a temporary folder, ended by its pid.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>

namespace sluice::test {

class etcd_process {
public:
  /// Starts and waits until it answers. Fails the test when there is no etcd: tools/bootstrap installs it.
  etcd_process();
  ~etcd_process();
  etcd_process(const etcd_process&) = delete;
  etcd_process& operator=(const etcd_process&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// kill -9, and gone.
  void kill();
  /// Again, with the same data and ports.
  void start();
  /// As `start`, but everything it stored is lost.
  void start_empty();
  /// SIGSTOP, SIGCONT.
  void freeze();
  void thaw();

  /// POSTs JSON; the reply's body, empty when it cannot be reached.
  std::string post(const std::string& path, const std::string& body) const;
  /// Writes and erases a key as anybody may.
  void put(const std::string& key, const std::string& value) const;
  void erase(const std::string& key) const;
  [[nodiscard]] std::uint64_t revision() const;
  /// Forgets the history before `revision`.
  void compact(std::uint64_t revision) const;

private:
  void spawn();

  std::filesystem::path folder_;
  std::uint16_t port_ = 0, peer_port_ = 0;
  pid_t pid_ = -1;
};

/// A loopback port that nobody listens on, handed out once on this machine while this process lives.
std::uint16_t free_port();

} // namespace sluice::test
