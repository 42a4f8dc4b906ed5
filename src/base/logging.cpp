#include "base/logging.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace sluice {

namespace {

spdlog::level::level_enum to_spdlog(log_level level) noexcept {
  switch (level) {
  case log_level::debug:
    return spdlog::level::debug;
  case log_level::info:
    return spdlog::level::info;
  case log_level::warn:
    return spdlog::level::warn;
  case log_level::error:
    return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool needs_quotes(std::string_view value) noexcept {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f;
         });
}

} // namespace

void start_logging(log_level least) {
  auto sink = spdlog::stderr_logger_mt("sluice");
  sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  sink->set_level(to_spdlog(least));
  spdlog::set_default_logger(sink);
}

bool logger::enabled(log_level level) noexcept {
  return spdlog::default_logger_raw()->should_log(to_spdlog(level));
}

std::string logger::start_line(std::string_view event) const {
  std::string line;
  append_field(line, "event", event);
  if (!node_->empty()) append_field(line, "node", *node_);
  return line;
}

void logger::append_field(std::string& line, std::string_view name, std::string_view value) {
  if (!line.empty()) line += ' ';
  line.append(name).push_back('=');
  if (!needs_quotes(value)) {
    line.append(value);
    return;
  }
  line += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    // Control characters a peer sent must not forge a line or drive a terminal.
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      line += c;
  }
  line += '"';
}

void logger::emit(log_level level, std::string_view line) {
  spdlog::default_logger_raw()->log(to_spdlog(level), line);
}

} // namespace sluice
