// Carries a store's words to the directory that uses it: they are kept here until the directory, told by a
// message without content, takes them on its own thread. Outlives neither; any thread.
#pragma once

#include "actors/interfaces.hpp"
#include "plane/ports.hpp"

#include <mutex>
#include <optional>

namespace sluice::actors {

class store_link : public std::enable_shared_from_this<store_link> {
public:
  /// How a change of the policy went.
  struct outcome {
    std::uint64_t ticket = 0;
    result<void> answer;
  };

  /// `kept` outlives this link's use.
  explicit store_link(plane::store& kept) : store_(kept) {}

  /// From now on `to` is sent `store_atom` when there is something to take. Called once.
  void open(directory_actor to);
  /// After this returns the directory is sent nothing more.
  void close();

  void put_relay(cluster::relay_entry relay) { store_.put_relay(std::move(relay)); }
  void remove_relay(node_id relay) { store_.remove_relay(std::move(relay)); }
  /// Its outcome carries `ticket`.
  void put_policy(cluster::policy rules, std::uint64_t expected, std::uint64_t ticket);

  /// The newest contents since the last call.
  std::optional<plane::store_contents> take_contents();
  std::vector<outcome> take_outcomes();

private:
  // What comes is only put down here, which may happen on any thread.
  class inline_executor final : public plane::executor {
  public:
    void post(std::function<void()> task) override { task(); }
  };

  void wake();

  plane::store& store_;
  inline_executor here_;
  std::mutex mutex_;
  directory_actor directory_; ///< null before `open` and after `close`
  std::optional<plane::store_contents> contents_;
  std::vector<outcome> outcomes_;
};

} // namespace sluice::actors
