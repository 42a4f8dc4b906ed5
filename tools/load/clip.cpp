#include "clip.hpp"

#include "media/flv/reader.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>

namespace sluice::load {

namespace {

constexpr std::size_t nal_units_at = 5; // frame type and codec, packet type, composition time
constexpr std::array<std::uint8_t, 16> mark_uuid{0x53, 0x6c, 0x75, 0x69, 0x63, 0x65, 0x20, 0x6c,
                                                 0x6f, 0x61, 0x64, 0x20, 0x6d, 0x61, 0x72, 0x6b};
constexpr std::size_t time_size = 9, number_size = 5;
constexpr std::array<std::uint8_t, 3> sei_head{0x06, 0x05, mark_uuid.size() + time_size + number_size};

// Seven bits a byte, each with its highest bit set: never a start code nor an emulation of one.
void put_number(byte_buffer& out, std::uint64_t value, std::size_t size) {
  for (auto i = size; i-- > 0;)
    out.push_back(static_cast<std::uint8_t>(0x80 | (value >> (7 * i) & 0x7f)));
}

std::uint64_t get_number(byte_view bytes) {
  std::uint64_t value = 0;
  for (auto byte : bytes)
    value = value << 7 | (byte & 0x7fu);
  return value;
}

bool is_header(media::tag_type type, byte_view data) {
  return type == media::tag_type::script || (data.size() > 1 && data[1] == 0);
}

class collector final : public media::flv_handler {
public:
  result<void> on_file_header(media::file_flags) override { return {}; }
  result<void> on_tag(media::tag_type type, std::uint32_t timestamp, byte_view data) override {
    if (type == media::tag_type::video && data.size() > 1 && data[1] == 2)
      return {}; // the end of the sequence
    film.tags.push_back({type, timestamp, {data.begin(), data.end()}, is_header(type, data)});
    if (type == media::tag_type::video) film.length_ms = std::max(film.length_ms, timestamp);
    return {};
  }
  clip film;
};

} // namespace

std::uint64_t mark_clock() noexcept {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count());
}

byte_buffer with_mark(const clip_tag& picture, picture_mark mark) {
  byte_buffer out(picture.data.begin(), picture.data.begin() + nal_units_at);
  out.insert(out.end(), {0, 0, 0, mark_size - 4});
  out.insert(out.end(), sei_head.begin(), sei_head.end());
  out.insert(out.end(), mark_uuid.begin(), mark_uuid.end());
  put_number(out, mark.sent_us, time_size);
  put_number(out, mark.number, number_size);
  out.push_back(0x80); // the end of the SEI message
  out.insert(out.end(), picture.data.begin() + nal_units_at, picture.data.end());
  return out;
}

std::optional<picture_mark> read_mark(byte_view data) {
  if (data.size() < mark_end || data[1] != 1) return std::nullopt;
  auto message = data.subspan(nal_units_at + 4 + sei_head.size());
  if (!std::equal(mark_uuid.begin(), mark_uuid.end(), message.begin())) return std::nullopt;
  message = message.subspan(mark_uuid.size());
  return picture_mark{get_number(message.first(time_size)),
                      get_number(message.subspan(time_size, number_size))};
}

result<clip> read_clip(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return error{errc::io, "cannot read " + path};
  byte_buffer bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  collector tags;
  media::flv_reader reader;
  if (auto ok = reader.feed(bytes, tags); !ok)
    return error{ok.error().code, path + ": " + ok.error().message};
  auto pictures = std::count_if(tags.film.tags.begin(), tags.film.tags.end(), [](const clip_tag& t) {
    return t.type == media::tag_type::video && !t.header;
  });
  if (pictures < 2) return error{errc::malformed, path + ": less than two pictures"};
  // The last picture lasts as long as the others do.
  tags.film.length_ms += tags.film.length_ms / static_cast<std::uint32_t>(pictures - 1);
  return std::move(tags.film);
}

} // namespace sluice::load
