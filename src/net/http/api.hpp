// The JSON API and the pages: what a request other than a viewer's is answered. Runs as coroutines on the
// connection's worker.
#pragma once

#include "net/http/reply.hpp"
#include "net/http/services.hpp"
#include "net/http/target.hpp"

#include <boost/asio/awaitable.hpp>

namespace sluice::net {

/// Answers GET `target`, which is not a stream.
asio::awaitable<http_reply> answer(const http_services& services, worker& at, const http_target& target,
                                   std::string_view if_none_match);

/// Answers HEAD of a stream: 200 if it is live anywhere, without starting a pull.
asio::awaitable<http_reply> answer_head(const http_services& services, worker& at, const stream_key& key);

} // namespace sluice::net
