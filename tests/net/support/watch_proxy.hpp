// Stands between a store and etcd and passes everything on, but can hold back a watch before etcd hears of
// it, or leave one half-open: connected, and silent.
#pragma once

#include <cstdint>
#include <memory>

namespace sluice::test {

class watch_proxy {
public:
  explicit watch_proxy(std::uint16_t etcd);
  ~watch_proxy();
  watch_proxy(const watch_proxy&) = delete;
  watch_proxy& operator=(const watch_proxy&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  /// From now on a watch that is asked for waits.
  void hold_watches();
  /// How many wait.
  [[nodiscard]] int held() const;
  /// They go on, and later ones are not held.
  void release_watches();
  /// What etcd says on the watches there are is lost from now on; nothing is closed.
  void silence_watches();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace sluice::test
