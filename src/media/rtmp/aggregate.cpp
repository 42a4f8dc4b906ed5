#include "media/rtmp/aggregate.hpp"

#include <fmt/format.h>

namespace sluice::media::rtmp {

result<std::optional<aggregate_reader::tag>> aggregate_reader::next() {
  while (in_.remaining() > 0) {
    auto at = in_.position();
    auto type = in_.u8();
    auto size = in_.u24();
    auto timestamp = in_.u24();
    timestamp |= std::uint32_t{in_.u8()} << 24;
    in_.u24(); // the stream id is the message's
    auto data = in_.take(size);
    in_.u32(); // the back pointer repeats the size
    if (!in_.ok())
      return error{errc::malformed, fmt::format("rtmp aggregate: ends inside the tag at offset {}", at)};
    if (!first_timestamp_) first_timestamp_ = timestamp;
    if (type != 8 && type != 9 && type != 18) continue;
    return tag{tag_type{type}, message_timestamp_ + (timestamp - *first_timestamp_), data};
  }
  return std::nullopt;
}

} // namespace sluice::media::rtmp
