#include "net/ingest/recorder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

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
constexpr std::chrono::milliseconds ends_within{500}; // logs that were told to end, and their last bytes

file_ptr create(const std::filesystem::path& path, stream::tracks present) {
  file_ptr file(std::fopen(path.c_str(), "wb"));
  auto header = media::file_header(present.audio, present.video);
  if (file && std::fwrite(header.data(), 1, header.size(), file.get()) != header.size()) file.reset();
  return file;
}

} // namespace

// One log and its file. Destroyed by its recorder when it says that it is over.
class recorder::recording final : public reader {
public:
  recording(recorder& owner, std::shared_ptr<audience> log, file_ptr file, std::string path)
      : owner_(owner), log_(std::move(log)), file_(std::move(file)), path_(std::move(path)) {}

  void on_news() override {
    if (!write()) return owner_.over(*this);
    if (log_->view().ended() == stream::end_reason::none) return log_->follow(*this);
    owner_.log_.info("recorded", "file", path_, "bytes", at_);
    owner_.over(*this);
  }

  /// The log goes on without it.
  void cut_off() {
    if (write()) owner_.log_.warn("recording cut off", "file", path_, "bytes", at_);
  }

private:
  bool write() {
    const auto& view = log_->view();
    if (at_ < view.first()) return give_up("the disk is too slow: the log let go of bytes not written yet");
    while (at_ < view.head()) {
      auto piece = view.read(at_, write_size);
      for (auto part : piece.parts)
        if (!part.empty() && std::fwrite(part.data(), 1, part.size(), file_.get()) != part.size())
          return give_up(std::strerror(errno));
      at_ = piece.end();
    }
    return std::fflush(file_.get()) == 0 || give_up(std::strerror(errno));
  }

  bool give_up(std::string_view why) {
    owner_.log_.error("recording ended early", "file", path_, "bytes", at_, "why", why);
    return false;
  }

  recorder& owner_;
  std::shared_ptr<audience> log_;
  file_ptr file_;
  std::string path_;
  std::uint64_t at_ = 0;
};

recorder::recorder(stream_hub& hub, std::filesystem::path folder, logger log)
    : hub_(hub), folder_(std::move(folder)), log_(std::move(log)),
      disk_(1, "record", log_, hub.workers().size()) {
  disk_.start();
}

recorder::~recorder() {
  stop();
}

void recorder::start(const hosted_stream& stream) {
  {
    std::lock_guard lock(mutex_);
    ++running_;
  }
  hub_.open(stream.log.key(), disk_.at(0), open_when::started, [this](result<std::shared_ptr<audience>> log) {
    if (log) return begin(std::move(*log));
    log_.error("cannot record", "why", log.error().message);
    one_less();
  });
}

void recorder::begin(std::shared_ptr<audience> log) {
  auto path = (folder_ / file_name(log->identity())).string();
  auto file = create(path, log->identity().present);
  if (!file) {
    log_.error("cannot record", "file", path, "why", std::strerror(errno));
    return one_less();
  }
  open_.push_back(std::make_unique<recording>(*this, std::move(log), std::move(file), std::move(path)));
  open_.back()->on_news();
}

void recorder::over(const recording& done) {
  std::erase_if(open_, [&](const auto& one) { return one.get() == &done; });
  one_less();
}

void recorder::one_less() {
  std::lock_guard lock(mutex_);
  --running_;
  all_over_.notify_all();
}

void recorder::stop() {
  if (std::exchange(stopped_, true)) return;
  {
    std::unique_lock lock(mutex_);
    all_over_.wait_for(lock, ends_within, [this] { return running_ == 0; });
  }
  disk_.at(0).post([this] {
    for (const auto& one : open_)
      one->cut_off();
    open_.clear();
  });
  disk_.stop();
}

} // namespace sluice::net
