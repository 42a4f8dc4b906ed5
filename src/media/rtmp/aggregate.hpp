// Takes apart RTMP's aggregate message: FLV tags in one message (section 7.1.6). Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "media/flv/tag.hpp"
#include "media/rtmp/message.hpp"

#include <optional>

namespace sluice::media::rtmp {

/// Walks the tags of an aggregate message. The tags' data are views of its payload.
class aggregate_reader {
public:
  struct tag {
    tag_type type;
    std::uint32_t timestamp; ///< ms, absolute: the first tag has the message's own timestamp
    byte_view data;
  };

  explicit aggregate_reader(const message& m) noexcept : in_(m.payload), message_timestamp_(m.timestamp) {}

  /// The next audio, video or script tag; others are passed over. Nothing at the end. Error: `malformed`,
  /// the message ends inside a tag.
  result<std::optional<tag>> next();

private:
  byte_reader in_;
  std::uint32_t message_timestamp_;
  std::optional<std::uint32_t> first_timestamp_;
};

} // namespace sluice::media::rtmp
