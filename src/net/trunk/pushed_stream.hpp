// The pushes of one stream at its origin: to the relays its enumeration names as head, each reconnected until
// the log ends. Owned by the push manager, on the stream's home worker.
#pragma once

#include "cluster/push_plan.hpp"
#include "net/trunk/push_session.hpp"
#include "plane/ports.hpp"

#include <map>

namespace sluice::net::trunk {

/// What all pushes of a node share; outlives them.
struct push_context {
  identity self;
  push_options options;
  plane::control& control;
  stream_hub& hub;
  logger log;
};

class pushed_stream final : public std::enable_shared_from_this<pushed_stream>, private push_user {
public:
  /// `over` is called when its log has ended and the last connection with it; it may destroy this.
  pushed_stream(std::shared_ptr<const push_context> context, stream_key key, worker& home,
                std::function<void()> over);
  ~pushed_stream() override;

  /// A log began.
  void start(epoch log_epoch);
  /// The log of `log_epoch` is over; ignored when a newer one began.
  void stop(epoch log_epoch);
  /// Asks for the enumeration again, a little later.
  void ask_soon();

private:
  struct target {
    cluster::ranked_relay relay;
    std::unique_ptr<push_session> session;
    /// When it began to be tried, or was lost.
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    std::uint32_t failures = 0;
    std::optional<deadline> retry;
  };

  void ask();
  void on_enumeration(const result<cluster::enumeration>& found);
  void plan();
  void connect(target& to);
  void retry(target& to);
  void retire(target& from);
  void check_over();
  [[nodiscard]] cluster::push_state state_of(const node_id& id, const target& to) const;

  void on_flowing(push_session& from) override;
  void on_caught_up(push_session& from) override;
  void on_log_end(push_session& from, stream::end_reason why) override;
  void on_stale(push_session& from, epoch newest) override;
  void on_over(push_session& from, const error& why) override;

  std::shared_ptr<const push_context> context_;
  stream_key key_;
  worker& home_;
  std::function<void()> over_;
  epoch epoch_;
  std::optional<push_source> source_; ///< of `epoch_`; nothing while it is being opened
  bool ending_ = false, asking_ = false;
  std::vector<cluster::ranked_relay> head_, order_;
  std::uint64_t digest_ = 0; ///< of the list `head_` came from
  std::map<node_id, target> targets_;
  std::uint64_t random_;
  std::optional<deadline> ask_later_, end_limit_;
};

} // namespace sluice::net::trunk
