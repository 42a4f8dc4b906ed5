#include "net/ingest/recorder.hpp"

#include <algorithm>
#include <cstdio>

namespace sluice::net {

namespace {

struct file_closer {
  void operator()(std::FILE* f) const noexcept { std::fclose(f); }
};
using file_ptr = std::unique_ptr<std::FILE, file_closer>;

std::string file_name(const stream::log_identity& log) {
  auto name = log.key.str();
  std::replace(name.begin(), name.end(), '/', '_');
  return fmt::format("{}-{}.flv", name, log.log_epoch.value);
}

constexpr std::size_t write_size = 1024 * 1024;

// One recording; deletes itself at the log's end or when it cannot go on.
class recording final : public reader {
public:
  recording(std::shared_ptr<audience> log, file_ptr file, std::string path, logger out)
      : log_(std::move(log)), file_(std::move(file)), path_(std::move(path)), out_(std::move(out)) {}

  static void begin(std::shared_ptr<audience> log, const std::filesystem::path& folder, const logger& out) {
    auto path = folder / file_name(log->identity());
    file_ptr file(std::fopen(path.c_str(), "wb"));
    auto present = log->identity().present;
    auto header = media::file_header(present.audio, present.video);
    if (!file || std::fwrite(header.data(), 1, header.size(), file.get()) != header.size())
      return out.error("cannot record", "file", path.string(), "why", std::strerror(errno));
    auto made = std::make_unique<recording>(std::move(log), std::move(file), path.string(), out);
    made.release()->on_news();
  }

  void on_news() override {
    const auto& view = log_->view();
    if (at_ < view.first()) return give_up("the disk is too slow: the log let go of bytes not written yet");
    while (at_ < view.head()) {
      auto piece = view.read(at_, write_size);
      for (auto part : piece.parts)
        if (std::fwrite(part.data(), 1, part.size(), file_.get()) != part.size())
          return give_up(std::strerror(errno));
      at_ = piece.end();
    }
    std::fflush(file_.get());
    if (view.ended() == stream::end_reason::none) return log_->follow(*this);
    out_.info("recorded", "file", path_, "bytes", at_);
    delete this;
  }

private:
  void give_up(std::string_view why) {
    out_.error("recording ended early", "file", path_, "bytes", at_, "why", why);
    delete this;
  }

  std::shared_ptr<audience> log_;
  file_ptr file_;
  std::string path_;
  logger out_;
  std::uint64_t at_ = 0;
};

} // namespace

recorder::recorder(stream_hub& hub, std::filesystem::path folder, logger log)
    : hub_(hub), folder_(std::move(folder)), log_(std::move(log)),
      disk_(1, "record", log_, hub.workers().size()) {
  disk_.start();
}

recorder::~recorder() {
  stop();
}

void recorder::start(const hosted_stream& stream) {
  hub_.open(stream.log.key(), disk_.at(0), open_when::started, [this](result<std::shared_ptr<audience>> log) {
    if (log) recording::begin(std::move(*log), folder_, log_);
  });
}

void recorder::stop() {
  disk_.stop();
}

} // namespace sluice::net
