// Keeps the mirror of a cluster's keys true: lists them, then watches from the list's revision on, and holds
// the watch against the store now and then, because a connection that died half-way looks like silence. Owned
// by `etcd_store`, on its worker.
#pragma once

#include "base/logging.hpp"
#include "net/store/etcd_client.hpp"
#include "net/store/etcd_mirror.hpp"
#include "net/store/etcd_options.hpp"

#include <optional>

namespace sluice::net::etcd {

class follower {
public:
  /// Keys asked for at once; fewer when their values are large.
  static constexpr std::size_t page = 1'000;

  /// What happens to the mirror. Called on the worker.
  struct user {
    virtual ~user() = default;
    virtual void on_listed() = 0;  ///< everything is there, and the watch is up
    virtual void on_changed() = 0; ///< news since
    virtual void on_erased(const store_keys::relay_key& gone) = 0;
  };

  follower(asio::io_context& io, client& http, mirror& known, const etcd_options& options,
           etcd_counters& counters, logger log, user& told)
      : io_(io), http_(http), known_(known), options_(options), counters_(counters), log_(std::move(log)),
        user_(told) {}

  /// Lists and watches until that fails. Errors: `stale` (list again: the watch's history was compacted), and
  /// as `client::post`.
  asio::awaitable<error> follow();
  /// Asks whether the store has more than the watch told; ends a watch that tells nothing.
  asio::awaitable<void> check();
  /// Whether list and watch are complete.
  [[nodiscard]] bool established() const noexcept { return established_; }
  /// Makes `follow` end with `why`.
  void end(error why);

private:
  asio::awaitable<result<std::uint64_t>> list();
  asio::awaitable<error> watch_from(std::uint64_t revision);
  result<void> take_page(const range_reply& reply);
  result<void> take_lines(const std::vector<std::string>& lines);
  result<void> take_event(const watch_event& event);
  result<void> put(const key_value& found);
  [[nodiscard]] bool behind(const range_reply& reply) const;
  error unreadable(std::string_view path, const error& why);

  asio::io_context& io_;
  client& http_;
  mirror& known_;
  const etcd_options& options_;
  etcd_counters& counters_;
  logger log_;
  user& user_;
  std::unique_ptr<watch_stream> stream_;
  host_port watched_;          ///< the server of the watch
  std::optional<error> ended_; ///< why `end` was called
  bool created_ = false, established_ = false;
  std::optional<std::pair<std::uint64_t, std::size_t>> behind_at_; ///< revision and keys then
};

} // namespace sluice::net::etcd
