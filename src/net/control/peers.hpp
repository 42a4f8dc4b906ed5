// The control connections of a guard: those proven, and everything on its way there, so that all can be
// ended. Lives as long as the guard or a proof under way. All members but the counters belong to its worker.
#pragma once

#include "base/logging.hpp"
#include "net/control/guard_options.hpp"
#include "net/control/lines.hpp"
#include "net/control/proof.hpp"
#include "net/core/worker.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>

namespace sluice::net {

class control_peers : public std::enable_shared_from_this<control_peers> {
public:
  control_peers(worker& home, guard_options o, logger l)
      : io(home.io()), options(std::move(o)), log(std::move(l)), sweep_timer_(io) {}
  control_peers(const control_peers&) = delete;
  control_peers& operator=(const control_peers&) = delete;
  ~control_peers() { lines_->end_all(); }

  asio::io_context& io;
  const guard_options options;
  logger log;
  const std::shared_ptr<guard_counters> counters = std::make_shared<guard_counters>();

  [[nodiscard]] proof_identity identity() const { return {options.cluster, options.secret}; }

  /// Whether `end_all` was called.
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  void end_all();

  /// Keeps what ends something that is under way until `over`, which takes the number this returns.
  std::uint64_t under_way(std::function<void()> end);
  void over(std::uint64_t id) { ends_.erase(id); }

  /// Makes a proven connection a line. Errors: `io`.
  result<plane::control_line_ptr> admit(asio::ip::tcp::socket network, std::string peer_name);

private:
  void sweep_on();

  const std::shared_ptr<control_lines> lines_ =
      std::make_shared<control_lines>(counters, options.idle_limit, log);
  asio::steady_timer sweep_timer_;
  bool sweeping_ = false;
  bool closed_ = false;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, std::function<void()>> ends_;
};

} // namespace sluice::net
