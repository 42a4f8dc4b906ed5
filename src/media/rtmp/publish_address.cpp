#include "media/rtmp/publish_address.hpp"

namespace sluice::media::rtmp {

namespace {

struct halves {
  std::string_view path;
  std::string_view params;
};

halves split_params(std::string_view text) noexcept {
  auto question = text.find('?');
  if (question == std::string_view::npos) return {text, {}};
  return {text.substr(0, question), text.substr(question + 1)};
}

} // namespace

result<stream_address> publish_address(std::string_view app, std::string_view name) {
  auto first = split_params(app);
  auto second = split_params(name);
  while (first.path.ends_with('/'))
    first.path.remove_suffix(1);
  std::string text;
  text.append(first.path).append("/").append(second.path).append("?").append(first.params);
  if (!first.params.empty() && !second.params.empty()) text += '&';
  text.append(second.params);
  return stream_address::parse(text);
}

} // namespace sluice::media::rtmp
