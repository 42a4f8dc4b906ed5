// Answers a node's questions: asks its directories one after the other, the next one also when the last is
// late, and falls back on the last relay list, so that an answer never waits for a directory that is gone.
// One per node.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/node_context.hpp"
#include "cluster/ranking.hpp"

#include <functional>
#include <map>

namespace sluice::actors {

struct locator_state {
  static inline const char* name = "locator";

  /// One enumeration under way.
  struct search {
    caf::typed_response_promise<enumerate_answer> promise;
    stream_query query;
    std::vector<directory_actor> left; ///< to be asked yet, the next one last
    std::optional<cluster::enumeration> best;
    directory_actor last;      ///< the one asked last
    std::uint64_t id = 0;      ///< in `searches_`
    std::uint64_t asked = 0;   ///< directories
    std::uint64_t waiting = 0; ///< of them, those that neither answered nor failed
    bool heard = false;        ///< a directory answered
    bool over = false;         ///< answered; what comes now is too late
  };
  using search_ptr = std::shared_ptr<search>;
  /// One directory's list being collected page by page.
  template <class Page>
  struct collection {
    std::function<void(Page*)> done;   ///< null: none of the directories answered
    std::vector<directory_actor> left; ///< the one that is asked last
    Page gathered;
    std::size_t pages = 0;
  };

  locator_actor::pointer self = nullptr;
  node_context_ptr node;
  std::vector<directory_actor> directories; ///< connected ones, the most trusted first

  caf::result<enumerate_answer> enumerate(const std::string& key);
  caf::result<recall_answer> recall(const std::string& key);
  /// Of the first directory that answers.
  caf::result<stream_page> streams();
  /// Of all that answer, put together: each hears what it hears.
  caf::result<node_page> nodes();

  void demote(const directory_actor& directory);
  /// The directory that search `id` asked as its `question`-th may be late.
  void remind(std::uint64_t id, std::uint64_t question);

private:
  void ask_next(const search_ptr& s);
  void weigh(const search_ptr& s, cluster::enumeration found);
  void conclude(const search_ptr& s);
  /// Whether this build knows the algorithm of `list`.
  [[nodiscard]] static bool can_rank(const cluster::snapshot& list);
  /// `list` prepared for ranking; kept until there is another.
  const cluster::ranking& ranks_of(const std::shared_ptr<const cluster::snapshot>& list);
  template <class Page>
  void collect(std::vector<directory_actor> from, std::function<void(Page*)> done);
  template <class Page>
  void next_page(const std::shared_ptr<collection<Page>>& c);

  std::map<std::uint64_t, search_ptr> searches_; ///< under way
  std::uint64_t last_search_ = 0;
  std::shared_ptr<const cluster::snapshot> ranked_;
  std::optional<cluster::ranking> ranks_;
};

locator_actor::behavior_type locator(locator_actor::stateful_pointer<locator_state> self,
                                     node_context_ptr node);

} // namespace sluice::actors
