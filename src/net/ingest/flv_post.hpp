// A publisher that sends FLV as the body of an HTTP POST (`ffmpeg -method POST -f flv http://...`), chunked
// or with a length. On the stream's home worker.
#pragma once

#include "net/http/services.hpp"
#include "net/ingest/ingest.hpp"

namespace sluice::net {

/// Takes over the connection; from any worker.
void publish_flv_post(std::shared_ptr<ingest> publishers, post_request request, logger log);

} // namespace sluice::net
