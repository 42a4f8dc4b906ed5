// A real etcd for one test, or a cluster of them: their own ports on loopback, their own data in temporary
// folders, ended by pid.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sluice::test {

struct etcd_member {
  std::string name;
  std::uint16_t port = 0, peer_port = 0;
};

class etcd_process {
public:
  /// Starts and waits until it answers. Fails the test when there is no etcd: tools/bootstrap installs it.
  etcd_process();
  explicit etcd_process(const etcd_member& alone);
  /// Starts one member of a cluster and does not wait: alone it answers nothing.
  etcd_process(etcd_member self, std::vector<etcd_member> all);
  ~etcd_process();
  etcd_process(const etcd_process&) = delete;
  etcd_process& operator=(const etcd_process&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return self_.port; }

  /// kill -9, and gone.
  void kill();
  /// Again, with the same data and ports; waits until it answers.
  void start();
  void wait() const;
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
  etcd_member self_;
  std::vector<etcd_member> all_;
  pid_t pid_ = -1;
};

/// A cluster of `members` that answers.
std::vector<std::unique_ptr<etcd_process>> etcd_cluster(int members);

} // namespace sluice::test
